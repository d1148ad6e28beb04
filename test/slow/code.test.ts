import { afterEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { ccproxyCommand, startCcproxy } from '../support/ccproxy.ts'
import { type CodeHome, codeHome } from '../support/code-home.ts'
import { until, within } from '../support/wait.ts'

const TIMEOUT = 60_000

/** Stands in for Claude Code where only its process matters: waits for a line, or for its end. */
const WAITS = '#!/bin/sh\necho started $$\nexec sleep 60\n'

let home: CodeHome
afterEach(() => home.remove())

/** A session that has reached its Claude Code. */
async function session(args: readonly string[] = ['code']) {
  const run = home.start(args)
  const failed = run.ended.then(({ code, stderr }) => {
    if (!run.stdout().includes('started')) throw new Error(`It ended with ${code}: ${stderr}`)
  })
  const started = until('the start of Claude Code', () => run.stdout().includes('started'), 20_000)
  await Promise.race([started, failed])
  return run
}

const gone = () => until('the end of the proxy', async () => !(await home.answers()), 10_000)

describe('ccproxy code with the real Claude Code', () => {
  test(
    'answers through a proxy that comes and goes with it',
    async () => {
      home = await codeHome()
      const outcome = await home.run(['code', '-p', 'Say exactly: through ccproxy'])
      expect(outcome).toMatchObject({ code: 0, stdout: 'through ccproxy\n', stderr: '' })
      expect(home.proxies()).toHaveLength(1)
      await gone()
      await until('the end of its process', () => home.proxies().length === 0)
    },
    TIMEOUT,
  )

  test(
    'gives it the help flag, and keeps our own help under another name',
    async () => {
      home = await codeHome()
      const theirs = await home.run(['code', '--help'])
      expect(theirs.stdout).toContain('Usage: claude')
      const ours = await home.run(['help', 'code'])
      expect(ours.stdout).toContain('Usage: ccproxy [FLAGS] code [ARGUMENTS...]')
      expect((await home.run(['--help', 'code'])).stdout).toBe(ours.stdout)
    },
    TIMEOUT,
  )

  test(
    'talks in a terminal and leaves by Ctrl-C as without us',
    async () => {
      home = await codeHome()
      const project = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true }
      const known = { hasCompletedOnboarding: true, theme: 'dark' }
      home.write('.claude.json', JSON.stringify({ ...known, projects: { [home.path]: project } }))
      const run = home.sit(['code'])
      await run.sees('cycle)')
      expect(run.raw()).toBe(true)
      await run.types('Say exactly: seventeen geese')
      await run.types('\r')
      await run.sees(/seventeen.*geese.*seventeen.*geese/s)
      let left = false
      const exit = run.exited.finally(() => {
        left = true
      })
      // The first ends a turn that still runs; then two in a row leave.
      for (let press = 0; press < 6 && !left; press++) await run.types('\x03')
      expect(await within(10_000, 'its exit', exit)).toBe(0)
      await gone()
    },
    TIMEOUT,
  )
})

describe('what is handed to Claude Code', () => {
  test('is every argument as it was given', async () => {
    home = await codeHome('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    const given = [
      '--help',
      '--',
      '',
      '-p',
      'é🙂',
      '--mode',
      'sdk',
      '--port=1',
      'a\n b',
      '$HOME',
      '',
    ]
    const outcome = await home.run(['--mode', 'full', 'code', ...given])
    expect(outcome.stdout.split('\0').slice(0, -1)).toEqual(given)
    const none = await home.run(['code'])
    expect(none.stdout).toBe('\0')
  })

  test('is its environment, the base URL of the mode and a token', async () => {
    home = await codeHome('#!/bin/sh\nenv\n')
    const lines = async (args: string[], env: Record<string, string> = {}) =>
      (await home.run([...args, 'code'], env)).stdout.split('\n')
    const plain = await lines([], { ANTHROPIC_API_KEY: 'sk-ant-api03-mine', PORT: '' })
    expect(plain).toContain(`ANTHROPIC_BASE_URL=${home.url}`)
    expect(plain).toContain('ANTHROPIC_AUTH_TOKEN=unused')
    expect(plain.join('\n')).not.toContain('sk-ant-')
    const sdk = await lines(['--mode', 'sdk'])
    expect(sdk).toContain(`ANTHROPIC_BASE_URL=${home.url}/sdk`)
    const named = await lines(['--provider', 'demo'])
    expect(named).toContain(`ANTHROPIC_BASE_URL=${home.url}/to/demo`)
  })

  test('is the client key where one is set, which no command line shows', async () => {
    home = await codeHome('#!/bin/sh\nenv; exec sleep 60\n')
    const run = home.start(['--auth-token', 'the-client-key-of-this-test', 'code'])
    await until('its token', () => run.stdout().includes('TOKEN=the-client-key-of-this-test'), 9000)
    const [proxy = 0] = home.proxies()
    const words = await Bun.file(`/proc/${proxy}/cmdline`).text()
    expect(words).not.toContain('the-client-key-of-this-test')
    const refused = await home.run(['--auth-token', 'another-key', 'code'])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('does not take the client key')
  })

  test('is the signals as a process starts with them', async () => {
    home = await codeHome('#!/bin/sh\ngrep -E "Sig(Ign|Blk)" /proc/self/status\n')
    const { stdout } = await home.run(['code'])
    expect(stdout.match(/0{16}/g)).toHaveLength(2)
  })
})

describe('its end', () => {
  test.each([0, 1, 3, 255])('has the exit code %d', async (code) => {
    home = await codeHome(`#!/bin/sh\nexit ${code}\n`)
    expect((await home.run(['code'])).code).toBe(code)
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('by %s is its own', async (signal) => {
    home = await codeHome(WAITS)
    const run = await session()
    expect(run.stdout()).toBe(`started ${run.pid}\n`)
    run.kill(signal)
    expect((await run.ended).signal).toBe(signal)
  })

  test('is seen by a shell as 128 and the signal', async () => {
    home = await codeHome('#!/bin/sh\nkill -TERM $$\n')
    const shell = home.sit(['-c', '"$@"; echo ended $?', 'sh', ...ccproxyCommand(['code'])], ['sh'])
    await shell.sees('ended 143')
  })
})

describe('the terminal', () => {
  test('stops, goes on and changes its size under a shell', async () => {
    home = await codeHome(
      '#!/bin/bash\ntrap "stty size" WINCH\necho started\nwhile :; do sleep 0.1; done\n',
    )
    const shell = home.sit(['--norc', '--noprofile', '-i'], ['bash'])
    await shell.types(`${ccproxyCommand(['code']).join(' ')}\r`)
    await shell.sees(/started\r?\n/)
    shell.resize(77, 33)
    await shell.sees('33 77')
    await shell.types('\x1a')
    await shell.sees('Stopped')
    await shell.types('fg\r')
    await shell.sees('code')
    await Bun.sleep(500)
    shell.resize(66, 22)
    await shell.sees('22 66')
    await shell.types('\x03')
    await shell.types('echo status $?\r')
    await shell.sees(/status 130/)
  })
})

describe('the proxy in the background', () => {
  test(
    'serves several sessions and ends after the last',
    async () => {
      home = await codeHome(WAITS)
      const [first, second] = await Promise.all([session(), session()])
      expect(home.proxies()).toHaveLength(1)
      const [proxy] = home.proxies()
      first.kill('SIGTERM')
      await first.ended
      await Bun.sleep(3500)
      expect(await home.answers()).toBe(true)
      second.kill('SIGTERM')
      await gone()
      const third = await session()
      expect(home.proxies()).not.toEqual([proxy ?? 0])
      third.kill('SIGKILL')
      await gone()
    },
    TIMEOUT,
  )

  test(
    'outlives a session that is killed, as long as another lives',
    async () => {
      home = await codeHome(WAITS)
      const first = await session()
      const second = await session()
      first.kill('SIGKILL')
      await first.ended
      await Bun.sleep(3500)
      expect(await home.answers()).toBe(true)
      second.kill('SIGKILL')
      await gone()
    },
    TIMEOUT,
  )

  test(
    'is started anew by the next session where it was killed',
    async () => {
      home = await codeHome(WAITS)
      await session()
      const [proxy = 0] = home.proxies()
      process.kill(proxy, 'SIGKILL')
      await gone()
      await session()
      expect(await home.answers()).toBe(true)
      expect(home.proxies()).not.toEqual([proxy])
    },
    TIMEOUT,
  )

  test(
    'is not ours to end where the user started it',
    async () => {
      home = await codeHome(WAITS)
      const own = await startCcproxy({ port: home.port })
      try {
        const run = await session()
        expect(home.proxies()).toEqual([])
        run.kill('SIGTERM')
        await run.ended
        await Bun.sleep(3500)
        expect(await home.answers()).toBe(true)
      } finally {
        await own.stop()
      }
    },
    TIMEOUT,
  )

  test('is not started where something else has its port, which is said', async () => {
    home = await codeHome(WAITS)
    const fetch = () => new Response('hello')
    const other = Bun.serve({ hostname: '127.0.0.1', port: home.port, fetch })
    const outcome = await home.run(['code'])
    await other.stop(true)
    expect(outcome.code).toBe(1)
    expect(outcome.stdout).toBe('')
    expect(outcome.stderr).toContain(`${home.url} is in use by bun`)
    expect(outcome.stderr).toContain('--port')
  })

  test(
    'says why it does not start',
    async () => {
      home = await codeHome(WAITS)
      const flags = ['--host', '192.0.2.1', '--auth-token', 'a-key-that-is-long-enough']
      const outcome = await home.run([...flags, 'code'])
      expect(outcome.code).toBe(1)
      expect(outcome.stderr).toContain('Address "192.0.2.1" is not one of this machine')
    },
    TIMEOUT,
  )

  test('is reached without HTTP_PROXY, by Claude Code too', async () => {
    home = await codeHome('#!/bin/sh\nenv\n')
    const proxy = 'http://127.0.0.1:9'
    const env = { HTTP_PROXY: proxy, https_proxy: proxy, NO_PROXY: 'example.com' }
    const { stdout, code } = await home.run(['code'], env)
    expect(code).toBe(0)
    expect(stdout).toContain('NO_PROXY=example.com,127.0.0.1\n')
    expect(stdout).toContain('no_proxy=example.com,127.0.0.1\n')
  })
})

describe('what cannot work', () => {
  test('is a provider that is not there, or a mode that is none', async () => {
    home = await codeHome(WAITS)
    const unknown = await home.run(['--provider', 'nobody', 'code'])
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toContain('Provider "nobody" is not configured: use one of')
    const mode = await home.run(['--mode', 'sdc', 'code'])
    expect(mode).toMatchObject({ code: 2 })
    expect(mode.stderr).toContain('Unknown mode "sdc" (did you mean "sdk"?)')
  })

  test('is a claude that starts ccproxy, which ends instead of going round', async () => {
    home = await codeHome('#!/bin/sh\n"$HOME/bin/again" "$@"\n')
    const words = ccproxyCommand(['code']).map((word) => `'${word}'`)
    home.write('bin/again', `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`)
    const outcome = await home.run(['code', '-p', 'hi'])
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toContain('seems to start ccproxy again and again')
    home.write('bin/claude', `#!/bin/sh\nexec ccproxy code "$@"\n`)
    const named = await home.run(['code'], { PATH: join(home.path, 'bin') })
    expect(named.stderr).not.toContain('again and again')
    expect(named.code).toBe(1)
  })
})
