import { afterEach, describe, expect, test } from 'bun:test'
import { reap } from '../../../src/provider/claude-sdk/reap.ts'
import { marked, runs } from '../../support/processes.ts'
import { until } from '../../support/wait.ts'

const NAME = 'CCPROXY_TEST_MARK'

const entries: string[] = []
afterEach(() => {
  for (const entry of entries.splice(0)) {
    for (const { pid } of marked(entry)) process.kill(pid, 'SIGKILL')
  }
})

/** Starts a script whose processes all have this entry in their environment. */
function start(entry: string, script: string): number {
  entries.push(entry)
  const child = Bun.spawn(['/bin/sh', '-c', script], {
    env: { PATH: '/usr/bin:/bin', [NAME]: entry.slice(NAME.length + 1) },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  return child.pid
}

const newEntry = () => `${NAME}=${crypto.randomUUID()}`

describe.skipIf(process.platform !== 'linux')('reap', () => {
  test('ends what is born while it looks', async () => {
    const entry = newEntry()
    start(entry, 'i=0; while [ $i -lt 400 ]; do setsid sleep 300 & i=$((i+1)); done; wait')
    await until('it has many', () => marked(entry).length > 20)
    await reap(entry)
    expect(marked(entry)).toEqual([])
  })

  test('leaves alone what bears another mark', async () => {
    const entry = newEntry()
    const other = start(`${entry}2`, 'exec sleep 300')
    await until('it runs', () => marked(`${entry}2`).length > 0)
    await reap(entry)
    expect(runs(other)).toBe(true)
  })
})
