import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClaudeVersions } from '../../../src/provider/claude-sdk/claude-version.ts'
import { type RunClaude, runnerOf } from '../../../src/provider/claude-sdk/run-claude.ts'
import { cleanEnv, type TempDir, tempDir } from '../../support/child.ts'
import { claudePath } from '../../support/claude.ts'
import { until } from '../../support/wait.ts'

setDefaultTimeout(30_000) // Starts Claude Code, which takes long on a busy machine.

let dir: TempDir
beforeEach(() => {
  dir = tempDir()
})
afterEach(() => dir.remove())

function script(text: string, mode = 0o755): string {
  const path = join(dir.path, 'claude')
  writeFileSync(path, text, { mode })
  return path
}

function runner(path: string): RunClaude {
  return runnerOf({ path, env: cleanEnv(dir.path, {}), cwd: dir.path })
}

function read(path: string) {
  return new ClaudeVersions().read(path, runner(path))
}

test('the real Claude Code tells its version', async () => {
  const result = await read(claudePath())
  expect(result).toEqual({ kind: 'version', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) })
})

test('the version is asked once for each state of the file', async () => {
  const log = join(dir.path, 'log')
  const path = script(`#!/bin/sh\necho run >> ${log}\necho "2.1.7 (Claude Code)"\n`)
  const runs = () => readFileSync(log, 'utf8').split('\n').length - 1
  const versions = new ClaudeVersions()
  const ask = () => versions.read(path, runner(path))
  const seen = { kind: 'version' as const, version: '2.1.7' }
  expect(await Promise.all([ask(), ask()])).toEqual([seen, seen])
  expect(await ask()).toEqual(seen)
  expect(runs()).toBe(1)
  utimesSync(path, 1, 1)
  expect(await ask()).toEqual(seen)
  expect(runs()).toBe(2)
})

test.each([
  ['#!/bin/sh\nexit 0\n', 'its answer to --version has no version: ""'],
  [
    '#!/bin/sh\necho "cannot open display" >&2\necho "token=abcdefgh1234" >&2\nexit 3\n',
    'it ended with exit code 3: cannot open display / token=***',
  ],
  ['#!/bin/sh\nkill -9 $$\n', 'SIGKILL ended it'],
  ['#!/no/such/node\n', 'its interpreter "/no/such/node" is missing'],
])('%j fails with its reason', async (text, reason) => {
  expect(await read(script(text))).toEqual({ kind: 'failed', reason })
})

test('a file that may not run, and none at all', async () => {
  expect(await read(script('#!/bin/sh\n', 0o644))).toEqual({
    kind: 'failed',
    reason: 'it is not executable',
  })
  expect(await read(join(dir.path, 'none'))).toEqual({
    kind: 'failed',
    reason: 'there is no such file',
  })
})

test('a file that is no program', async () => {
  const reason = 'it is no program for this machine'
  expect(await read(script(''))).toEqual({ kind: 'failed', reason })
})

test.skipIf(process.platform !== 'linux')('a program for another C library', async () => {
  const real = readFileSync(claudePath()).subarray(0, 8 * 1024 * 1024)
  const own = /\/lib\S*\/ld-[\w.-]+/.exec(real.toString('latin1', 0, 4096))?.[0] ?? ''
  expect(own).not.toBe('')
  // The same program, but for a loader that no machine has.
  const other = '/lib/ld-musl-none.so.1'.padEnd(own.length, '\0').slice(0, own.length)
  const bytes = Buffer.from(real)
  bytes.write(other, bytes.indexOf(own), 'latin1')
  const path = join(dir.path, 'claude')
  writeFileSync(path, bytes, { mode: 0o755 })
  const result = await read(path)
  expect(result.kind).toBe('failed')
  if (result.kind === 'failed') {
    expect(result.reason).toContain('built for musl, whose loader "/lib/ld-musl-none')
  }
})

test('a run past its time ends with what it started', async () => {
  const path = script('#!/bin/sh\nsleep 30 &\necho $! > "$HOME/child"\nwait\n')
  const run = runner(path)
  expect(await run(['--version'], 1500)).toEqual({ kind: 'timeout' })
  const pid = Number(readFileSync(join(dir.path, 'child'), 'utf8'))
  expect(pid).toBeGreaterThan(1)
  await until('the end of the child', () => [undefined, 'Z'].includes(readStat(pid)))
})

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0]
  } catch {
    // The process is gone, as it should be.
    return undefined
  }
}
