import { SHELLS } from '../../src/cli/client/shells.ts'
import { cleanEnv, tempDir } from './child.ts'

/** The values that a real shell holds after it read our lines, and the environment of what it starts. */
export async function shellReads(
  command: readonly string[],
  name: string,
  values: readonly string[],
): Promise<string[]> {
  const home = tempDir()
  const lines = values.map((value, index) => SHELLS[name]?.set(`CCPROXY_TEST_${index}`, value))
  const unset = SHELLS[name]?.unset('CCPROXY_TEST_GONE') ?? ''
  const script = `${lines.join('\n')}\n${unset}\nenv -0\n`
  const env = cleanEnv(home.path, { CCPROXY_TEST_GONE: 'here' })
  const child = Bun.spawn([...command, script], { env, cwd: home.path, stderr: 'inherit' })
  const text = await new Response(child.stdout).text()
  await child.exited
  home.remove()
  const found = new Map(
    text.split('\0').map((line): [string, string] => {
      const at = line.indexOf('=')
      return [line.slice(0, at), line.slice(at + 1)]
    }),
  )
  if (found.has('CCPROXY_TEST_GONE')) throw new Error(`${name} did not unset a variable`)
  return values.map((_, index) => found.get(`CCPROXY_TEST_${index}`) ?? '(not set)')
}
