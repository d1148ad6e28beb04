import { afterEach, describe, expect, test } from 'bun:test'
import { Watchdog } from '../../../src/provider/claude-sdk/watchdog.ts'
import { marked, runs } from '../../support/processes.ts'
import { sleep, until } from '../../support/wait.ts'

const started: ReturnType<typeof Bun.spawn>[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

function start(env: Readonly<Record<string, string>>, script = 'exec sleep 300'): number {
  const child = Bun.spawn(['/bin/sh', '-c', script], {
    env: { PATH: '/usr/bin:/bin', ...env },
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  started.push(child)
  return child.pid
}

function markOf(watchdog: Watchdog): string {
  const [[name, value] = ['', '']] = Object.entries(watchdog.env)
  return `${name}=${value}`
}

describe.skipIf(process.platform !== 'linux')('Watchdog', () => {
  test('ends what bears its mark, also what ignores SIGTERM or has left its session', async () => {
    const watchdog = new Watchdog()
    watchdog.start()
    const pids = [
      start(watchdog.env),
      start(watchdog.env, 'trap "" TERM; while :; do sleep 0.1; done'),
      start(watchdog.env, 'setsid sleep 300 & exit'),
    ]
    await until('all run', () => marked(markOf(watchdog)).length >= 3)
    const began = performance.now()
    await watchdog.end()
    expect(performance.now() - began).toBeLessThan(5000)
    expect(marked(markOf(watchdog))).toEqual([])
    await until('none is left', () => !pids.some(runs))
  })

  test('leaves alone what bears another mark, or its own within something else', async () => {
    const watchdog = new Watchdog()
    watchdog.start()
    const mark = markOf(watchdog)
    const pids = [
      start(new Watchdog().env),
      start({ NOTE: mark }),
      start({ [mark.split('=')[0] ?? '']: `${mark.split('=')[1]}2` }),
      start({}, `: '${mark}'; sleep 300`),
    ]
    await watchdog.end()
    await sleep(100)
    expect(pids.every(runs)).toBe(true)
  })

  test('ends at once where nothing is left, and can start again', async () => {
    const watchdog = new Watchdog()
    for (const _ of [1, 2]) {
      watchdog.start()
      const began = performance.now()
      await watchdog.end()
      expect(performance.now() - began).toBeLessThan(2000)
    }
  })
})
