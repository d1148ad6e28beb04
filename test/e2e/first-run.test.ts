import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../support/ccproxy.ts'
import { type TempDir, tempDir } from '../support/child.ts'
import { runInTerminal, type TerminalRun } from '../support/terminal.ts'

const ENTER = '\r'
const DOWN = '\x1b[B'
const LEAVE = '\x03'

let home: TempDir
let shown: TerminalRun | undefined
const file = () => join(home.path, '.config', 'ccproxy', 'config.toml')

beforeEach(() => {
  home = tempDir()
})
afterEach(async () => {
  await shown?.stop()
  shown = undefined
  home.remove()
})

function sit(...args: string[]): TerminalRun {
  shown = runInTerminal(args, { TERM: 'xterm-256color' }, { home: home.path })
  return shown
}

test('ccproxy with nothing configured starts, and says in five lines which ways to go on exist', async () => {
  const port = String(await freePort())
  const run = sit('--port', port)
  await run.sees(`listens on http://127.0.0.1:${port}`)
  await run.sees('Nothing is configured yet. Ways to go on:')
  for (const way of ['demo ', 'API key ', 'gateway ', 'plan login ', 'SDK ']) {
    await run.sees(`\n  ${way}`)
  }
  expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200)
  run.signal('SIGTERM')
  expect(await run.exited).toBe(0)
})

test('a login that cannot be read keeps no first start from saying what it says', async () => {
  mkdirSync(join(home.path, '.config', 'ccproxy', 'credentials.json'), { recursive: true })
  const run = sit('--port', String(await freePort()))
  await run.sees('info  listening')
  expect(run.screen()).not.toContain('rejection')
  run.signal('SIGTERM')
  expect(await run.exited).toBe(0)
})

test('ccproxy that is configured says nothing of that, and what the doctor finds in brief', async () => {
  mkdirSync(join(home.path, '.claude'))
  const settings = { env: { ANTHROPIC_BASE_URL: 'https://a.example' } }
  writeFileSync(join(home.path, '.claude', 'settings.json'), JSON.stringify(settings))
  writeFileSync(join(home.path, 'ccproxy.toml'), '[routing]\ndefault = "anthropic"\n')
  const run = sit('--port', String(await freePort()))
  await run.sees('✗ ANTHROPIC_BASE_URL in ./.claude/settings.json leads to https://a.example, past')
  await run.sees('→ set it to http://127.0.0.1:')
  expect(run.screen()).not.toContain('Nothing is configured')
  run.signal('SIGTERM')
  expect(await run.exited).toBe(0)
})

describe('ccproxy config init', () => {
  test('asks for a gateway and writes what was answered', async () => {
    const run = sit('config', 'init')
    await run.sees('Through what shall requests go?')
    await run.types(DOWN, 100)
    await run.sees('● Any OpenAI-compatible API')
    await run.types(ENTER, 100)
    await run.sees('Where is it?')
    await run.types(`nonsense${ENTER}`, 100)
    await run.sees('it is no URL')
    await run.types(`\x15https://gateway.example/v1${ENTER}`, 100)
    await run.sees('Which API key?')
    await run.types(`sk-canary-4711${ENTER}`, 100)
    await run.sees('Which of its models')
    await run.types(ENTER, 100)
    await run.sees('On which port?')
    await run.types(`9001${ENTER}`, 100)
    await run.sees('Shall clients have to send a key?')
    await run.types(`y`, 100)
    await run.sees('Wrote ./.config/ccproxy/config.toml')
    expect(await run.exited).toBe(0)
    // Nobody who looks over the shoulder reads it.
    expect(run.screen()).not.toContain('canary')
    const text = readFileSync(file(), 'utf8')
    expect(text).toContain('base_url = "https://gateway.example/v1"\napi_key = "sk-canary-4711"\n')
    expect(text).toContain('port = 9001\n')
    expect(text).toMatch(/\nauth_token = "[\w-]{43}"\n/)
  })

  test('writes nothing where its user leaves', async () => {
    const run = sit('config', 'init')
    await run.sees('Through what shall requests go?')
    await run.types(LEAVE, 100)
    await run.sees('Nothing was written')
    expect(await run.exited).toBe(1)
    expect(existsSync(file())).toBe(false)
  })
})
