import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { loadSettings } from '../../src/config/load.ts'
import { type TempDir, tempDir } from '../support/child.ts'
import { fakeContext } from './fake-context.ts'

let home: TempDir
const file = () => join(home.path, '.config', 'ccproxy', 'config.toml')

beforeEach(() => {
  home = tempDir()
})
afterEach(() => home.remove())

async function init(...args: string[]) {
  const world = fakeContext({ home: home.path, cwd: home.path })
  const code = await world.run('config', 'init', ...args)
  return { code, out: world.stdout(), err: world.stderr() }
}

async function settings(env: Record<string, string> = {}) {
  return (await loadSettings({ env, cwd: home.path, home: home.path })).settings
}

describe('config init with flags', () => {
  test('--way api-key takes the key or leaves it to the environment', async () => {
    const { code, out } = await init('--way', 'api-key', '--api-key', '$MY_KEY', '--port', '9000')
    expect(code).toBe(0)
    expect(out).toStartWith('Wrote ./.config/ccproxy/config.toml\nNext:\n')
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    const { providers, server } = await settings({ MY_KEY: 'sk-ant-api03-x' })
    expect(providers.anthropic?.api_key?.reveal()).toBe('sk-ant-api03-x')
    expect(server.port).toBe(9000)
    await init('--way', 'api-key', '--force')
    expect((await settings()).providers.anthropic?.api_key).toBeUndefined()
  })

  test('--way gateway makes a provider and routes to it', async () => {
    const url = 'https://gateway.example/v1'
    const { code } = await init('--way', 'gateway', '--base-url', url, '--model', 'glm')
    expect(code).toBe(0)
    const { providers, routing } = await settings()
    expect(routing.default).toBe('gateway')
    expect(providers.gateway).toMatchObject({ kind: 'openai', base_url: url, default_model: 'glm' })
    const text = readFileSync(file(), 'utf8')
    expect(text).toContain(`[providers.gateway]\nkind = "openai"\nbase_url = "${url}"\n`)
    // Every other key still stands there with its description.
    expect(text).toContain('#log_level = "info"')
  })

  test.each([
    ['sdk', 'claude-sdk'],
    ['demo', 'demo'],
    ['plan', 'anthropic'],
  ])('--way %s routes to %s', async (way, kind) => {
    expect((await init('--way', way, '--client-key')).code).toBe(0)
    const { providers, routing, security } = await settings()
    expect(providers[routing.default]?.kind).toBe(kind as 'demo')
    expect(security.auth_token?.reveal()).toMatch(/^[\w-]{43}$/)
  })

  test('a file that is there keeps its comments and its keys', async () => {
    mkdirSync(dirname(file()), { recursive: true })
    writeFileSync(
      file(),
      '# mine\n[server] # here\nport = 1 # one\n\n[limits]\nbody_bytes = 2048\n',
    )
    const { code, out } = await init('--way', 'demo', '--port', '9000')
    expect([code, out.split('\n')[0]]).toEqual([0, 'Changed ./.config/ccproxy/config.toml'])
    const text = readFileSync(file(), 'utf8')
    expect(text).toStartWith(
      '# mine\n[server] # here\nport = 9000 # one\n\n[limits]\nbody_bytes = 2048\n',
    )
    expect(text).toContain('[routing]\ndefault = "demo"\n')
    await init('--way', 'demo', '--port', '9000')
    expect(readFileSync(file(), 'utf8')).toBe(text)
    expect((await init('--way', 'later')).code).toBe(2)
  })

  test.each([
    [['--way', 'gatway'], 'Unknown way "gatway" (did you mean "gateway"?)'],
    [['--way', 'gateway'], 'Way "gateway" needs "--base-url" beside it'],
    [['--way', 'gateway', '--base-url', 'x'], 'Flag "--base-url" cannot be used: it is no URL'],
    [['--way', 'demo', '--model', 'x'], 'Flag "--model" says nothing with way "demo"'],
    [['--way', 'demo', '--port', '99999'], 'Flag "--port" cannot be used: it must be a number'],
    [['--port', '1'], 'Flag "--port" needs "--way" beside it'],
  ])('%j', async (args, message) => {
    const { code, err } = await init(...args)
    expect(code).toBe(2)
    expect(err).toContain(message)
    expect(() => statSync(file())).toThrow()
  })
})
