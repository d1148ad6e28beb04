import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import manifest from '../package.json' with { type: 'json' }

const main = join(import.meta.dir, '..', 'src', 'main.ts')
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ccproxy-main-'))
  // An address that no machine is started on: the error then shows what the process was given.
  writeFileSync(join(folder, 'limit.toml'), '[server]\nhost = "$BUN_CONFIG_MAX_HTTP_REQUESTS"\n')
})

afterAll(() => rmSync(folder, { recursive: true }))

async function ccproxy(args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, main, ...args], {
    cwd: folder,
    env: { HOME: folder, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ])
  return { stdout, stderr, code }
}

describe('the process', () => {
  test('prints its version', async () => {
    const { stdout, code } = await ccproxy(['--version'])
    expect(stdout).toBe(`ccproxy ${manifest.version} (dev)\n`)
    expect(code).toBe(0)
  })

  test('exits with 2 on a wrong command line and with 1 on wrong settings', async () => {
    expect((await ccproxy(['--prot', '1'])).code).toBe(2)
    const failed = await ccproxy(['config', 'validate'], { PORT: 'x' })
    expect(failed.code).toBe(1)
    expect(failed.stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  test('writes a long answer whole into a pipe', async () => {
    const { stdout } = await ccproxy(['config', 'schema'])
    expect(stdout.length).toBeGreaterThan(8000)
    expect(() => JSON.parse(stdout)).not.toThrow()
  })

  test.if(process.platform === 'linux')('does not call an answer good that was lost', async () => {
    const inShell = async (line: string) => {
      const own = `${process.execPath} ${main} config schema`
      const child = Bun.spawn(['/bin/sh', '-c', line.replace('ccproxy', own)], {
        cwd: folder,
        env: { HOME: folder, PATH: '/usr/bin:/bin' },
        stdout: 'pipe',
        stderr: 'pipe',
      })
      const [stderr, code] = await Promise.all([child.stderr.text(), child.exited])
      return { stderr, code }
    }
    expect(await inShell('ccproxy >/dev/full')).toEqual({
      stderr: 'Error: Cannot write the output: ENOSPC\n',
      code: 1,
    })
    // Who has read enough is content.
    expect(await inShell('ccproxy | head -1 >/dev/null')).toEqual({ stderr: '', code: 0 })
  })

  test('lifts the limit of concurrent fetches before it serves, keeping arguments', async () => {
    const { stderr, code } = await ccproxy(['--port', '4242', '-c', 'limit.toml'])
    expect(stderr).toContain('server.host "65535" is open to other machines')
    expect(code).toBe(1)
  })

  test('keeps a limit that the user set', async () => {
    const { stderr } = await ccproxy(['serve', '-c', 'limit.toml'], {
      BUN_CONFIG_MAX_HTTP_REQUESTS: '300',
    })
    expect(stderr).toContain('server.host "300" is open to other machines')
  })

  test('does not restart for a command that serves nothing', async () => {
    const { stderr } = await ccproxy(['config', 'validate', '-c', 'limit.toml'])
    expect(stderr).toContain('uses $BUN_CONFIG_MAX_HTTP_REQUESTS, which is not set')
  })
})
