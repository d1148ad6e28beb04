import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClaudeVersions } from '../../../src/provider/claude-sdk/claude-version.ts'
import { ClaudeFinder } from '../../../src/provider/claude-sdk/find-claude.ts'
import { runnerOf } from '../../../src/provider/claude-sdk/run-claude.ts'
import { SdkStatus } from '../../../src/provider/claude-sdk/sdk-status.ts'
import { cleanEnv, type TempDir, tempDir } from '../../support/child.ts'
import { claudePath } from '../../support/claude.ts'

setDefaultTimeout(30_000) // Starts Claude Code, which takes long on a busy machine.

let dir: TempDir
let time: number
beforeEach(() => {
  dir = tempDir()
  time = 1_000_000
})
afterEach(() => dir.remove())

function status(cliPath: string | undefined, extra: Record<string, string> = {}): SdkStatus {
  const env = cleanEnv(dir.path, {
    DISABLE_TELEMETRY: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
    ...extra,
  })
  const places = { home: dir.path, platform: process.platform }
  return new SdkStatus({
    name: 'claude-sdk',
    finder: new ClaudeFinder({ ...places, env: {}, systemFolders: [], cliPath }),
    versions: new ClaudeVersions(),
    runnerFor: ({ path }) => runnerOf({ path, env, cwd: dir.path }),
    login: { ...places, env, sources: [], now: () => time },
    isolation: 'none',
    sessions: () => ({ warm: 2, busy: 1 }),
  })
}

test('the real Claude Code with a key', async () => {
  const key = 'sk-ant-api03-made-up'
  const told = await status(claudePath(), { ANTHROPIC_API_KEY: key }).status()
  expect(told).toEqual({
    provider: 'claude-sdk',
    kind: 'claude-sdk',
    base_url: undefined,
    credential: 'API key of ANTHROPIC_API_KEY',
    reachable: true,
    details: {
      claude: {
        path: claudePath(),
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        login: { state: 'signed_in', how: 'API key of ANTHROPIC_API_KEY' },
      },
      isolation: 'none',
      sessions: { warm: 2, busy: 1 },
    },
  })
  expect(JSON.stringify(told)).not.toContain(key)
})

test('no Claude Code, one that is wrong, one that fails', async () => {
  const problem = async (path: string | undefined) => (await status(path).claude()).problem
  expect(await problem(undefined)).toContain('Cannot find Claude Code: install it')
  expect(await problem(join(dir.path, 'none'))).toContain('Cannot use sdk.cli_path')
  const path = join(dir.path, 'claude')
  writeFileSync(path, '#!/bin/sh\nexit 3\n', { mode: 0o755 })
  expect(await problem(path)).toBe('it ended with exit code 3')
  expect((await status(path).status()).reachable).toBe(false)
})

test('what it learnt is believed for five seconds', async () => {
  const sdk = status(undefined)
  expect((await sdk.claude()).problem).toContain('Cannot find')
  const bin = join(dir.path, 'node_modules', '.bin')
  await Bun.write(join(bin, 'claude'), '')
  writeFileSync(join(bin, 'claude'), '#!/bin/sh\necho 2.0.1\n')
  await Bun.$`chmod +x ${join(bin, 'claude')}`.quiet()
  expect((await sdk.claude()).problem).toContain('Cannot find')
  time += 5000
  expect(await sdk.claude()).toMatchObject({ version: '2.0.1', login: { state: 'signed_out' } })
})
