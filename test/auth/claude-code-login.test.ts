import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  ClaudeCodeLogin,
  claudeCodeFiles,
  findClaudeCodeLogin,
} from '../../src/auth/claude-code-login.ts'
import type { CommandLine } from '../../src/auth/run-command.ts'
import { Secret } from '../../src/kit/secret.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'ccproxy-claude-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const places = (configDir?: string) => ({ home, configDir, platform: 'linux' }) as const
const text = (accessToken: string, expiresAt = 2_000_000) =>
  JSON.stringify({ claudeAiOauth: { accessToken, expiresAt, subscriptionType: 'pro' } })

async function write(path: string, content: string): Promise<string> {
  const file = join(home, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, content)
  return file
}

test('The files of all versions are asked in order, the moved folder first', async () => {
  expect(claudeCodeFiles({ home: '/h', configDir: '/c', platform: 'linux' })).toEqual([
    '/c/.credentials.json',
    '/c/credentials.json',
    '/h/.claude/.credentials.json',
    '/h/.claude/credentials.json',
    '/h/.config/claude/.credentials.json',
    '/h/.config/claude/credentials.json',
  ])
  expect(await findClaudeCodeLogin(places())).toBeUndefined()
  const found = async (configDir?: string) => {
    const result = await findClaudeCodeLogin(places(configDir))
    return [result?.login.accessToken.reveal(), result?.source]
  }
  const last = await write('.config/claude/credentials.json', text('t4'))
  expect(await found()).toEqual(['t4', last])
  await write('.claude/.credentials.json', '{"mcpOAuth":{}}')
  expect(await found()).toEqual(['t4', last])
  const noDot = await write('.claude/credentials.json', text('t2'))
  expect(await found()).toEqual(['t2', noDot])
  const moved = await write('moved/.credentials.json', text('t0'))
  expect(await found(join(home, 'moved'))).toEqual(['t0', moved])
})

test('The Keychain is asked on macOS alone, last, without a shell', async () => {
  const commands: CommandLine[] = []
  const run = async (command: CommandLine) => {
    commands.push(command)
    return { kind: 'done', exitCode: 0, stdout: `${text('keychain')}\n` } as const
  }
  const found = await findClaudeCodeLogin({ ...places(), platform: 'darwin', run })
  expect(found?.login.accessToken.reveal()).toBe('keychain')
  expect(found?.source).toBe('macOS Keychain item "Claude Code-credentials"')
  expect(commands).toEqual([
    ['security', 'find-generic-password', '-s', 'Claude Code-credentials', '-w'],
  ])
  expect(await findClaudeCodeLogin({ ...places(), run })).toBeUndefined()
  const none = async () => ({ kind: 'done', exitCode: 44, stdout: '' }) as const
  expect(await findClaudeCodeLogin({ ...places(), platform: 'darwin', run: none })).toBeUndefined()
})

test('A file that cannot be read is named, without what it holds', async () => {
  const file = await write('.claude/.credentials.json', '{"claudeAiOauth":{"accessToken":"can')
  await expect(findClaudeCodeLogin(places())).rejects.toThrow(
    `Cannot read Claude Code's login in "${file}": it is not JSON; run "claude" and sign in again, or set auth.oauth.use_claude_code_login = false`,
  )
})

test('Its token is used as it is, and never refreshed or written', async () => {
  const file = await write('.claude/.credentials.json', text('first'))
  let now = 1_000_000
  let accepted = true
  const login = new ClaudeCodeLogin(
    places(),
    () => Promise.resolve(accepted),
    () => now,
  )
  expect((await login.token()).reveal()).toBe('first')
  expect(await login.state()).toEqual({
    kind: 'ready',
    source: file,
    plan: 'pro',
    scopes: [],
    expiresAt: 2_000_000,
  })
  expect(await login.rejected(new Secret('first'))).toBeUndefined()
  await write('.claude/.credentials.json', text('second'))
  expect((await login.rejected(new Secret('first')))?.reveal()).toBe('second')
  now = 2_000_000
  await expect(login.token()).rejects.toThrow(
    `Claude Code's login in "${file}" has expired: run "claude" once so that it refreshes it`,
  )
  await write('.claude/.credentials.json', text('third', 3_000_000))
  expect((await login.token()).reveal()).toBe('third')
  accepted = false
  await expect(login.token()).rejects.toThrow('run "ccproxy auth accept-terms"')
  expect(await login.state()).toEqual({ kind: 'not-accepted', source: file })
  expect(await readFile(file, 'utf8')).toBe(text('third', 3_000_000))
  expect(await readdir(dirname(file))).toEqual(['.credentials.json'])
  await rm(file)
  now += 5_000
  expect(await login.state()).toEqual({ kind: 'absent' })
  await expect(login.token()).rejects.toThrow('run "claude" and sign in')
})
