import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CredentialStore } from '../../src/auth/store.ts'
import type { StoredLogin } from '../../src/auth/stored-login.ts'
import { isHeadless } from '../../src/cli/auth/headless.ts'
import type { CommandContext } from '../../src/cli/command.ts'
import { FakeOAuth } from '../support/fake-oauth.ts'
import { fakeContext } from './fake-context.ts'

const ACCEPTED = '2026-11-21T12:00:00.000Z'
const TOKENS = /sk-ant-o[ar]t01-[\w-]+/

let home: string
let path: string
let fake: FakeOAuth
let store: CredentialStore
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'ccproxy-cli-auth-'))
  path = join(home, '.config', 'ccproxy', 'credentials.json')
  store = new CredentialStore(path)
  fake = new FakeOAuth()
})
afterEach(async () => {
  await fake.stop()
  await rm(home, { recursive: true, force: true })
})

/** A world whose user answers with these lines; the browser follows the page at once. */
function world(options: Partial<CommandContext> & { answers?: string[]; tty?: boolean } = {}) {
  const { answers = [], tty = true, ...rest } = options
  return fakeContext({
    cwd: home,
    home,
    env: { DISPLAY: ':0' },
    oauth: fake.options(),
    stdin: { isTerminal: tty, readLine: () => Promise.resolve(answers.shift()) },
    openPage: async (url) => (await fetch(url)).ok,
    ...rest,
  })
}

async function stored(login: StoredLogin): Promise<StoredLogin> {
  await store.locked(() => store.saveNew(login, ACCEPTED))
  return login
}

const DISPLAY = { DISPLAY: ':0', AUTH__OAUTH__CALLBACK_PORT: '54645' }

describe('auth login', () => {
  test('Works the first time: explains, asks, and stores what the browser brought', async () => {
    const { run, stdout, stderr } = world({ answers: ['yes'], env: DISPLAY })
    expect(await run('auth', 'login')).toBe(0)
    for (const phrase of [
      "Anthropic's published terms",
      'limited or closed without notice',
      '"You are Claude Code, Anthropic\'s official CLI for Claude."',
      'oauth-2025-04-20 and claude-code-20250219',
      'refused while ccproxy listens beyond loopback',
      'What you can use instead',
      'Type "yes"',
    ]) {
      expect(stderr()).toContain(phrase)
    }
    expect(stdout()).toContain('Ada <ada@example.com>')
    expect(stdout()).toContain('expires in 7 h')
    expect(stdout() + stderr()).not.toMatch(TOKENS)
    const { login, termsAcceptedAt } = await store.read()
    expect(fake.isLive(login?.accessToken.reveal() ?? '')).toBe(true)
    expect(login?.subscriptionType).toBe('max')
    expect(Date.now() - Date.parse(termsAcceptedAt ?? '')).toBeLessThan(60_000)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test('Changes nothing without a yes, and asks nobody who is not there', async () => {
    const refusing = world({ answers: ['y'] })
    expect(await refusing.run('auth', 'login')).toBe(1)
    expect(refusing.stderr()).toContain('Nothing was changed.')
    const script = world({ tty: false })
    expect(await script.run('auth', 'login')).toBe(2)
    expect(script.stderr()).toContain('add "--accept-terms" to accept it')
    expect(fake.exchanges).toBe(0)
    expect((await store.read()).login).toBeUndefined()
  })

  test('--manual takes a pasted code, again after a wrong one', async () => {
    const answers = ['abc']
    const { run, stdout, stderr } = world({
      answers,
      stdin: {
        isTerminal: false,
        async readLine() {
          const next = answers.shift()
          if (next !== undefined) return next
          const [url = ''] = /http:\/\/\S+\/authorize\S+/.exec(stderr()) ?? []
          return (await fetch(url)).text()
        },
      },
    })
    expect(await run('auth', 'login', '--manual', '--accept-terms')).toBe(0)
    expect(stderr()).toContain('the part after "#" is missing')
    expect(stdout()).toContain('Logged in')
    expect(fake.refusals).toEqual([])
  })

  test('Gives up after three wrong codes and at the end of the input', async () => {
    const wrong = world({ answers: ['a', 'b', 'c', 'd'], tty: false })
    expect(await wrong.run('auth', 'login', '--manual', '--accept-terms')).toBe(1)
    expect(wrong.stderr().match(/Paste the code/g)).toHaveLength(3)
    const ended = world({ tty: false, env: { SSH_TTY: '/dev/pts/0' } })
    expect(await ended.run('auth', 'login', '--accept-terms')).toBe(1)
    expect(ended.stderr()).toContain('The login was stopped before it came through')
  })

  test('A signal stops the waiting', async () => {
    const { run, signal, listeners, stderr } = world({ env: DISPLAY, openPage: async () => false })
    const running = run('auth', 'login', '--accept-terms')
    while (listeners.size === 0) await Bun.sleep(5)
    signal('SIGINT')
    expect(await running).toBe(1)
    expect(stderr()).toContain('No browser could be started')
    expect(stderr()).toContain('The login was stopped')
    expect(listeners.size).toBe(0)
  })

  test('Names a file that cannot be used before it sends the user to the browser', async () => {
    await mkdir(join(home, '.config', 'ccproxy'), { recursive: true })
    await writeFile(path, 'torn', { mode: 0o600 })
    const { run, stderr } = world()
    expect(await run('auth', 'login', '--accept-terms')).toBe(1)
    expect(stderr()).toContain(`Cannot use credentials file "${path}": it is not JSON`)
    expect(stderr()).not.toContain('/authorize')
  })
})

test.each(['info', 'refresh'])('auth %s asks nobody where no login is', async (name) => {
  const { run, stderr } = world()
  expect(await run('auth', name)).toBe(1)
  expect(stderr()).toBe('Error: No plan login is stored: run "ccproxy auth login"\n')
})

test('auth accept-terms says so where there is no login yet', async () => {
  const { run, stderr } = world()
  expect(await run('auth', 'accept-terms', '--accept-terms')).toBe(0)
  expect(stderr()).toContain('Note: No login is there yet: run "ccproxy auth login"\n')
})

describe('auth validate', () => {
  test('Says with its exit code whether the login is valid', async () => {
    const missing = world()
    expect(await missing.run('auth', 'validate')).toBe(1)
    expect(missing.stdout()).toBe('The plan login is missing\n')
    expect(missing.stderr()).toBe('Run "ccproxy auth login" to make one\n')
    await stored(fake.login(Date.now() + 7_260_000))
    const valid = world()
    expect(await valid.run('auth', 'validate')).toBe(0)
    expect(valid.stdout()).toContain('The plan login is valid\n')
    expect(valid.stdout()).toContain('expires in 2 h')
    expect(valid.stdout()).not.toMatch(TOKENS)
    await stored(fake.login())
    const expired = world()
    expect(await expired.run('auth', 'validate')).toBe(1)
    expect(expired.stderr()).toContain('run "ccproxy auth refresh"')
    expect(fake.seen).toHaveLength(0)
  })

  test('--json gives the same to a program', async () => {
    const read = async () => {
      const { run, stdout } = world()
      const code = await run('auth', 'validate', '--json')
      return [code, JSON.parse(stdout())]
    }
    expect(await read()).toEqual([
      1,
      { status: 'missing', reason: 'Run "ccproxy auth login" to make one' },
    ])
    await stored({ ...fake.login(), expiresAt: undefined })
    expect(await read()).toEqual([
      0,
      {
        status: 'valid',
        plan: 'max',
        scopes: ['user:inference'],
        expires_at: null,
        expires: 'does not expire',
        source: path,
      },
    ])
    await writeFile(path, '{}}', { mode: 0o600 })
    expect(await read()).toMatchObject([1, { status: 'unusable' }])
  })

  test("Looks at Claude Code's own login where the settings allow it", async () => {
    await mkdir(join(home, '.claude'))
    const claudeAiOauth = { accessToken: 'x', expiresAt: Date.now() + 1e7 }
    const file = join(home, '.claude', '.credentials.json')
    await writeFile(file, JSON.stringify({ claudeAiOauth }))
    expect(await world().run('auth', 'validate')).toBe(1)
    const env = { AUTH__OAUTH__USE_CLAUDE_CODE_LOGIN: 'true' }
    const before = world({ env })
    expect(await before.run('auth', 'validate')).toBe(1)
    expect(before.stdout()).toBe('The plan login is not accepted\n')
    expect(await world({ env }).run('auth', 'accept-terms', '--accept-terms')).toBe(0)
    const after = world({ env })
    expect(await after.run('auth', 'validate')).toBe(0)
    expect(after.stdout()).toContain(file)
    const refresh = world({ env })
    expect(await refresh.run('auth', 'refresh')).toBe(1)
    expect(refresh.stderr()).toContain('run "claude" once')
    expect(await readFile(file, 'utf8')).toBe(JSON.stringify({ claudeAiOauth }))
  })
})

describe('auth info', () => {
  test('Refreshes an expired login and shows whose it is, never a token', async () => {
    await stored(fake.login())
    const { run, stdout, stderr } = world()
    expect(await run('auth', 'info', '--json')).toBe(0)
    expect(JSON.parse(stdout())).toMatchObject({
      account: 'Ada <ada@example.com>',
      organization: 'Example',
      plan: 'max',
      expires: 'expires in 7 h',
    })
    expect(fake.refreshes).toBe(1)
    const table = world()
    expect(await table.run('auth', 'info')).toBe(0)
    expect(table.stdout()).toMatch(/^Account {7}Ada <ada@example.com>\nOrganization {2}Example\n/)
    expect(fake.refreshes).toBe(1)
    expect(stdout() + stderr() + table.stdout() + table.stderr()).not.toMatch(TOKENS)
  })

  test('Says what to run where there is no login', async () => {
    const { run, stderr } = world()
    expect(await run('auth', 'info')).toBe(1)
    expect(stderr()).toContain('No plan login is stored: run "ccproxy auth login"')
  })
})

test('auth refresh refreshes a login that is still good, and names a refusal', async () => {
  const before = await stored(fake.login(Date.now() + 1e7))
  const { run, stdout } = world()
  expect(await run('auth', 'refresh')).toBe(0)
  expect(stdout()).toStartWith('Refreshed\n')
  const { login } = await store.read()
  expect(fake.isLive(login?.accessToken.reveal() ?? '')).toBe(true)
  await stored(before)
  const refused = world()
  expect(await refused.run('auth', 'refresh')).toBe(1)
  expect(refused.stderr()).toContain('its refresh token was refused')
})

test('auth logout removes the file and says what that leaves', async () => {
  await stored(fake.login())
  const { run, stdout, stderr } = world()
  expect(await run('auth', 'logout')).toBe(0)
  expect(stdout()).toBe(`Removed ${path}\n`)
  expect(stderr()).toContain('This revokes nothing')
  const again = world()
  expect(await again.run('auth', 'logout')).toBe(0)
  expect(again.stdout()).toBe(`No login is stored in ${path}\n`)
})

test('auth accept-terms adds the acceptance to an older login', async () => {
  const login = fake.login(Date.now() + 1e7)
  await store.locked(() => store.saveLogin(login))
  expect(await world().run('auth', 'validate')).toBe(1)
  expect(await world({ answers: ['YES '] }).run('auth', 'accept-terms')).toBe(0)
  expect(await world().run('auth', 'validate')).toBe(0)
})

test('A machine is headless in SSH and without a display', () => {
  expect(isHeadless({ DISPLAY: ':0' }, 'linux')).toBe(false)
  expect(isHeadless({ WAYLAND_DISPLAY: 'w' }, 'linux')).toBe(false)
  expect(isHeadless({ WSL_DISTRO_NAME: 'Debian' }, 'linux')).toBe(false)
  expect(isHeadless({}, 'darwin')).toBe(false)
  expect(isHeadless({}, 'linux')).toBe(true)
  expect(isHeadless({ DISPLAY: ':0', SSH_CONNECTION: 'x' }, 'darwin')).toBe(true)
})

describe.skipIf(process.platform === 'win32')('In a real terminal', () => {
  function inTerminal(...args: string[]) {
    const script = join(import.meta.dir, '..', 'support', 'cli-with-fake-oauth.ts')
    let screen = ''
    const decoder = new TextDecoder()
    const child = Bun.spawn([process.execPath, script, fake.base, home, ...args], {
      terminal: {
        cols: 500,
        rows: 50,
        data: (_terminal, data) => {
          screen += decoder.decode(data, { stream: true })
        },
      },
    })
    const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
      for (let wait = 0; wait < 500; wait += 1) {
        const match = pattern.exec(screen)
        if (match !== null) return match
        await Bun.sleep(10)
      }
      throw new Error(`${pattern} never showed:\n${screen}`)
    }
    return { child, until, type: (text: string) => child.terminal?.write(text) }
  }

  test('--manual asks for the yes and for the code', async () => {
    const { child, until, type } = inTerminal('auth', 'login', '--manual')
    await until(/go on: $/)
    type('yes\n')
    const [url] = await until(/http:\/\/\S+\/authorize\S+/)
    await until(/Paste the code: $/)
    type(`${await (await fetch(url)).text()}\n`)
    await until(/Ada <ada@example\.com>/)
    expect(await child.exited).toBe(0)
    expect((await store.read()).login?.subscriptionType).toBe('max')
  })

  test('A browser ends the login while the spinner turns; Ctrl-C stops it', async () => {
    const first = inTerminal('auth', 'login', '--accept-terms')
    await first.until(/Waiting for the browser, [45]:\d\d left/)
    const [url] = await first.until(/http:\/\/\S+\/authorize\S+/)
    expect(await (await fetch(url)).text()).toContain('ccproxy has your login')
    await first.until(/Logged in/)
    expect(await first.child.exited).toBe(0)
    const second = inTerminal('auth', 'login', '--accept-terms')
    await second.until(/Waiting for the browser/)
    second.type('\x03')
    await second.until(/The login was stopped/)
    expect(await second.child.exited).toBe(1)
  })
})
