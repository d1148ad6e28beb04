import { describe, expect, test } from 'bun:test'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KeyHelper } from '../../src/auth/key-helper.ts'
import { type CommandResult, runCommand } from '../../src/auth/run-command.ts'

const TTL = 60_000

function counted(answer: (call: number) => CommandResult) {
  const state = { calls: 0, now: 0 }
  const helper = new KeyHelper({
    command: 'unused',
    ttlMs: TTL,
    now: () => state.now,
    run: async () => {
      state.calls += 1
      const result = answer(state.calls)
      await Bun.sleep(1)
      return result
    },
  })
  return { state, helper }
}

const printed = (stdout: string, exitCode = 0): CommandResult => ({
  kind: 'done',
  exitCode,
  stdout,
})

test('Runs one command for all who ask at once and keeps the key for its time', async () => {
  const { state, helper } = counted((call) => printed(`  key-${call}\r\n\n`))
  const keys = await Promise.all(Array.from({ length: 50 }, () => helper.key()))
  expect(new Set(keys.map((key) => key.reveal()))).toEqual(new Set(['key-1']))
  state.now = TTL - 1
  expect((await helper.key()).reveal()).toBe('key-1')
  state.now = TTL
  expect((await helper.key()).reveal()).toBe('key-2')
  expect(state.calls).toBe(2)
})

test('A refused key is replaced once for all who saw it refused', async () => {
  const { state, helper } = counted((call) => printed(`key-${Math.min(call, 2)}`))
  const key = await helper.key()
  const fresh = await Promise.all(Array.from({ length: 20 }, () => helper.rejected(key)))
  expect(fresh.every((one) => one?.reveal() === 'key-2')).toBe(true)
  expect((await helper.rejected(key))?.reveal()).toBe('key-2')
  expect(state.calls).toBe(2)
  expect(await helper.rejected(await helper.key())).toBeUndefined()
  expect(state.calls).toBe(3)
})

test('A failure is not kept: the next request runs the command again', async () => {
  const { helper } = counted((call) => (call === 1 ? printed('secret', 3) : printed('key')))
  await expect(helper.key()).rejects.toThrow('it ended with exit code 3')
  expect((await helper.key()).reveal()).toBe('key')
})

describe('A failure is shown without what was printed', () => {
  test.each([
    [printed('canary', 1), 'it ended with exit code 1'],
    [printed(' \n'), 'it printed nothing'],
    [printed('canary\ncanary'), 'what it printed is not one key on one line'],
    [printed('canary é'), 'what it printed is not one key on one line'],
    [{ kind: 'timeout' } as const, 'it took longer than 10 s'],
    [{ kind: 'not-started', reason: 'ENOENT' } as const, 'it could not be started (ENOENT)'],
  ])('%p', async (result, why) => {
    const { helper } = counted(() => result)
    await expect(helper.key()).rejects.toThrow(
      `Cannot get a key from api_key_helper: ${why}; run the command by hand to see why`,
    )
  })
})

describe('The command', () => {
  const run = (command: string | string[], timeoutMs = 5_000) => runCommand(command, timeoutMs)

  test('Given as text is read by the shell, given as a list it is not', async () => {
    expect(await run('echo "$((1 + 1))" | tr 2 k')).toEqual(printed('k\n'))
    expect(await run(['printf', '%s', '$(id) "quoted"'])).toEqual(printed('$(id) "quoted"'))
  })

  test('Has its exit code and its standard error apart', async () => {
    expect(await run('echo out; echo canary >&2; exit 7')).toEqual(printed('out\n', 7))
    expect(await run('kill -9 $$')).toMatchObject({ kind: 'done', exitCode: -1 })
  })

  test('That cannot be started says so', async () => {
    expect(await run(['/no/such/program'])).toEqual({ kind: 'not-started', reason: 'ENOENT' })
    expect(await run([])).toEqual({ kind: 'not-started', reason: 'the command is empty' })
  })

  test('Ends at its time with everything that it started', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ccproxy-helper-'))
    const pidFile = join(folder, 'pid')
    const started = performance.now()
    const result = await run(`sleep 30 & echo $! > ${pidFile}; wait`, 200)
    expect(result).toEqual({ kind: 'timeout' })
    expect(performance.now() - started).toBeLessThan(2_000)
    const pid = Number(await readFile(pidFile, 'utf8'))
    await Bun.sleep(50)
    expect(await isRunning(pid)).toBe(false)
    await rm(folder, { recursive: true })
  })

  test('That prints without end does not fill the memory', async () => {
    const result = await run('yes 0123456789 | head -c 3000000')
    expect(result.kind === 'done' && result.stdout.length).toBe(65_536)
  })
})

/** A zombie that nobody waited for is not running either. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
    return !/\) [ZX] /.test(await readFile(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false // Gone, or a machine without /proc where the signal found nobody.
  }
}
