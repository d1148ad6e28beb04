import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ccproxyCommand } from './ccproxy.ts'
import { cleanEnv, eachLine, type Outcome } from './child.ts'

/** How a login is run. */
export interface LoginRun {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly home: string
  /** What a person answers once this text is printed. */
  readonly answer?: (printed: string) => Promise<string> | undefined
}

/** A browser that opens what it is given and follows it to the end, as an account holder's does. */
export function fakeBrowser(folder: string): Record<string, string> {
  mkdirSync(folder, { recursive: true })
  const script = `#!/bin/sh\nexec "${process.execPath}" -e 'await fetch(process.argv[1])' "$1"\n`
  // From source the package's own xdg-open comes to $BROWSER where no desktop knows a better one; a
  // binary runs the one of the PATH.
  for (const name of ['xdg-open', 'browser']) {
    writeFileSync(join(folder, name), script, { mode: 0o755 })
  }
  return {
    PATH: `${folder}:${process.env.PATH}`,
    BROWSER: join(folder, 'browser'),
    DISPLAY: ':0',
    XDG_DATA_DIRS: folder,
  }
}

/** Runs `ccproxy auth …` as a real process to its end. */
export async function runLogin({ args, env, home, answer }: LoginRun): Promise<Outcome> {
  const child = Bun.spawn(ccproxyCommand(args), {
    cwd: home,
    env: cleanEnv(home, env),
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
  const lines: string[] = []
  let asked = false
  const reading = eachLine(child.stderr, (line) => {
    lines.push(line)
    const reply = asked ? undefined : answer?.(lines.join('\n'))
    if (reply === undefined) return
    asked = true
    void reply.then((text) => {
      child.stdin.write(`${text}\n`)
      child.stdin.flush()
    })
  })
  const [stdout, code] = await Promise.all([
    new Response(child.stdout).text(),
    child.exited,
    reading,
  ])
  clearTimeout(timer)
  return { code, stdout, stderr: lines.join('\n') }
}
