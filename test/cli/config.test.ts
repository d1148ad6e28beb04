import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeContext } from './fake-context.ts'

let cwd = ''
let home = ''

beforeEach(() => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'ccproxy-cli-')))
  cwd = join(root, 'work')
  home = join(root, 'home')
  for (const folder of [cwd, home]) mkdirSync(folder)
})

afterEach(() => rmSync(join(cwd, '..'), { recursive: true }))

const world = (env: Record<string, string> = {}) => fakeContext({ cwd, home, env })
const mode = (path: string) => statSync(path).mode & 0o777

describe('a config file of somebody else', () => {
  const nasty = 'a\\u001b]0;title\\u0007\\u009b2J\\u202e'
  const steers = /[^\P{Cc}\n]|\p{Cf}/u

  test('steers no terminal by what is wrong with it', async () => {
    const toml = `"k${nasty}" = 1\n[providers.x]\nkind = "openai"\nbase_url = "${nasty}"\n`
    writeFileSync(join(cwd, 'ccproxy.toml'), toml)
    const { run, stderr } = world()
    expect(await run('config', 'validate')).toBe(1)
    expect(stderr()).toContain('\\u{9b}2J')
    expect(stderr()).not.toMatch(steers)
  })

  test('steers no terminal by its values', async () => {
    writeFileSync(join(cwd, 'ccproxy.toml'), `[routing.models]\n"a" = "anthropic/${nasty}"\n`)
    const { run, stdout } = world()
    expect(await run('config', 'show')).toBe(0)
    expect(stdout()).toContain('\\u{9b}2J')
    expect(stdout()).not.toMatch(steers)
  })
})

describe('config show', () => {
  test('prints each value with its source', async () => {
    writeFileSync(join(cwd, 'ccproxy.toml'), '[server]\ndrain_seconds = 5\n')
    writeFileSync(join(cwd, '.env'), 'HOST=::1\n')
    const { run, stdout } = world({ AUTH_TOKEN: 'canary' })
    expect(await run('config', 'show', '--port', '7')).toBe(0)
    expect(stdout()).toStartWith(`Config file: ${join(cwd, 'ccproxy.toml')}\n`)
    expect(stdout()).toMatch(/^server\.host +"::1" +\.env HOST$/m)
    expect(stdout()).toMatch(/^server\.port +7 +flag --port$/m)
    expect(stdout()).toMatch(/^server\.drain_seconds +5 +file \.\/ccproxy\.toml$/m)
    expect(stdout()).toMatch(/^server\.log_format +"auto" +default$/m)
    expect(stdout()).toMatch(/^security\.auth_token +"\*\*\*" +environment AUTH_TOKEN$/m)
    expect(stdout()).not.toContain('canary')
  })

  test('prints JSON', async () => {
    const { run, stdout } = world({ PORT: '7' })
    expect(await run('config', 'show', '--json')).toBe(0)
    const shown = JSON.parse(stdout())
    expect(shown.file).toBeNull()
    expect(shown.values).toContainEqual({
      key: 'server.port',
      value: 7,
      source: 'environment PORT',
    })
  })
})

describe('config init', () => {
  test('writes a private file that validates, and replaces one only when told', async () => {
    const path = join(home, '.config/ccproxy/config.toml')
    expect(await world().run('config', 'init')).toBe(0)
    expect(mode(path)).toBe(0o600)
    expect(mode(join(home, '.config/ccproxy'))).toBe(0o700)
    expect(await world().run('config', 'validate')).toBe(0)
    writeFileSync(path, '# mine\n')
    const again = world()
    expect(await again.run('config', 'init')).toBe(2)
    expect(again.stderr()).toContain('"~/.config/ccproxy/config.toml" exists already')
    expect(readFileSync(path, 'utf8')).toBe('# mine\n')
    expect(await world().run('config', 'init', '--force')).toBe(0)
    expect(readFileSync(path, 'utf8')).toContain('#port = 8000')
  })

  test('writes where --config says', async () => {
    expect(await world().run('config', 'init', '-c', 'x.toml')).toBe(0)
    expect(readFileSync(join(cwd, 'x.toml'), 'utf8')).toContain('[server]')
  })
})

describe('config validate, path and schema', () => {
  test('validate names every problem and exits with 1', async () => {
    writeFileSync(join(cwd, 'ccproxy.toml'), '[server]\nprot = 1\nport = "x"\n')
    const { run, stderr } = world()
    expect(await run('config', 'validate')).toBe(1)
    expect(stderr()).toContain('2:1: key "server.prot" is unknown (did you mean "port"?)')
    expect(stderr()).toContain('3:1: server.port must be an integer')
  })

  test('path prints the file in use, or all places', async () => {
    const none = world()
    expect(await none.run('config', 'path')).toBe(1)
    expect(none.stderr()).toContain('No config file')
    const path = join(cwd, '.ccproxy.toml')
    writeFileSync(path, '')
    const some = world()
    expect(await some.run('config', 'path')).toBe(0)
    expect(some.stdout()).toBe(`${path}\n`)
    const all = world()
    await all.run('config', 'path', '--all')
    expect(all.stdout()).toStartWith(`*  ${path}\n   ${join(cwd, 'ccproxy.toml')}\n`)
    const json = world()
    await json.run('config', 'path', '--json')
    expect(JSON.parse(json.stdout()).used).toBe(path)
  })

  test('schema prints JSON Schema', async () => {
    const { run, stdout } = world()
    expect(await run('config', 'schema')).toBe(0)
    expect(JSON.parse(stdout()).properties.server.properties.port.maximum).toBe(65535)
  })
})

describe('generate-token', () => {
  const tokenOf = (text: string) => /^AUTH_TOKEN=([A-Za-z0-9_-]{43})\n$/.exec(text)?.[1]

  test('prints one line that .env can take, and the advice elsewhere', async () => {
    const first = world()
    expect(await first.run('generate-token')).toBe(0)
    const token = tokenOf(first.stdout())
    expect(token).toBeDefined()
    expect(first.stderr()).toContain(`ANTHROPIC_AUTH_TOKEN=${token}`)
    expect(first.stderr()).toContain(`OPENAI_API_KEY=${token}`)
    const second = world()
    await second.run('generate-token')
    expect(tokenOf(second.stdout())).not.toBe(token)
    expect(readdirSync(cwd)).toEqual([])
    expect(readdirSync(home)).toEqual([])
  })

  test('--save keeps every other byte of a commented file, and its link', async () => {
    const real = join(home, 'real.toml')
    const before =
      '# Ours\r\n[server] # here\r\nport=  8123\r\n\r\n[security]\r\n# old one\r\nauth_token = "old" # rotate\r\nallowed_hosts = [\r\n  "a", # b\r\n]\r\n'
    writeFileSync(real, before, { mode: 0o644 })
    symlinkSync(real, join(cwd, 'ccproxy.toml'))
    const { run, stdout, stderr } = world()
    expect(await run('generate-token', '--save')).toBe(0)
    const token = tokenOf(stdout())
    expect(readFileSync(real, 'utf8')).toBe(before.replace('"old"', `"${token}"`))
    expect(mode(real)).toBe(0o600)
    expect(readdirSync(home)).toEqual(['real.toml'])
    expect(stderr()).toContain('Saved as security.auth_token in ./ccproxy.toml (mode 0600)')
    const show = world()
    await show.run('config', 'show')
    expect(show.stdout()).toMatch(/^security\.auth_token +"\*\*\*" +file \.\/ccproxy\.toml$/m)
  })

  test('--save writes through no link that somebody has put beside the file', async () => {
    const other = join(home, 'other')
    writeFileSync(other, 'theirs')
    symlinkSync(other, join(cwd, `ccproxy.toml.${process.pid}.tmp`))
    writeFileSync(join(cwd, 'ccproxy.toml'), '')
    const { run, stdout } = world()
    expect(await run('generate-token', '--save')).toBe(0)
    expect(readFileSync(join(cwd, 'ccproxy.toml'), 'utf8')).toContain(String(tokenOf(stdout())))
    expect(readFileSync(other, 'utf8')).toBe('theirs')
  })

  test.each([
    ['the usual', '', 'http://127.0.0.1:8000'],
    ['the configured', '[server]\nport = 8123\n', 'http://127.0.0.1:8123'],
    ['an open', '[server]\nhost = "0.0.0.0"\nport = 9000\n', 'http://127.0.0.1:9000'],
    ['another', '[server]\nhost = "::1"\nport = 9000\n', 'http://[::1]:9000'],
    ['the usual for any', '[server]\nport = 0\n', 'http://127.0.0.1:8000'],
    ['the usual for a broken', '[server]\nport = "x"\n', 'http://127.0.0.1:8000'],
  ])('says %s address', async (_which, toml, url) => {
    writeFileSync(join(cwd, 'ccproxy.toml'), toml)
    const { run, stderr } = world()
    expect(await run('generate-token')).toBe(0)
    expect(stderr()).toContain(`ANTHROPIC_BASE_URL=${url} `)
    expect(stderr()).toContain(`OPENAI_BASE_URL=${url}/openai/v1 `)
  })

  test('--save makes the user file where there is none', async () => {
    const { run, stdout } = world()
    expect(await run('generate-token', '--save')).toBe(0)
    const path = join(home, '.config/ccproxy/config.toml')
    expect(readFileSync(path, 'utf8')).toBe(`[security]\nauth_token = "${tokenOf(stdout())}"\n`)
    expect(mode(path)).toBe(0o600)
  })

  test('--save leaves a broken file alone and prints no token', async () => {
    writeFileSync(join(cwd, 'ccproxy.toml'), '[security\n')
    const { run, stdout, stderr } = world()
    expect(await run('generate-token', '--save')).toBe(1)
    expect(stderr()).toBe(
      'Error: Cannot save the token in "./ccproxy.toml": Invalid TOML document: illegal character in key (see "ccproxy config validate")\n',
    )
    expect(stdout()).toBe('')
    expect(readFileSync(join(cwd, 'ccproxy.toml'), 'utf8')).toBe('[security\n')
  })
})
