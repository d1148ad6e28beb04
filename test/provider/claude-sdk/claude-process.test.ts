import { describe, expect, test } from 'bun:test'
import { ClaudeProcess } from '../../../src/provider/claude-sdk/claude-process.ts'
import { Spares } from '../../../src/provider/claude-sdk/spares.ts'
import { marked } from '../../support/processes.ts'
import { until, within } from '../../support/wait.ts'

function specOf(script: string, mark = crypto.randomUUID()) {
  const env = { PATH: '/usr/bin:/bin', TEST_RUN: mark }
  return { command: '/bin/sh', args: ['-c', script], cwd: '/', env }
}

const left = ({ env }: ReturnType<typeof specOf>) => marked(`TEST_RUN=${env.TEST_RUN}`)
const WAITS = 'exec sleep 300'

describe.skipIf(process.platform !== 'linux')('ClaudeProcess', () => {
  test('ends with all that it has started, at whatever remove', async () => {
    const spec = specOf('setsid sleep 300 & sleep 301 & sleep 302')
    const claude = new ClaudeProcess(spec)
    await until('all run', () => left(spec).length === 4)
    claude.kill()
    await within(2000, 'its end', claude.gone)
    await until('nothing is left', () => left(spec).length === 0)
    expect(claude.alive).toBe(false)
  })

  test('may end by itself when its input ends, and has to after a while', async () => {
    const polite = new ClaudeProcess(specOf('cat >/dev/null; exit 3'))
    const stubborn = new ClaudeProcess(specOf(WAITS))
    polite.end()
    stubborn.end()
    await within(2000, 'the end of the polite one', polite.gone)
    expect(polite.child.exitCode).toBe(3)
    expect(stubborn.alive).toBe(true)
    await within(5000, 'the end of the stubborn one', stubborn.gone)
    expect(stubborn.child.signalCode).toBe('SIGKILL')
  })

  test('keeps the end of its stderr', async () => {
    const claude = new ClaudeProcess(specOf('yes abc | head -c 9000 >&2; echo last >&2'))
    await claude.gone
    await until('all is read', () => claude.stderr.endsWith('last\n'))
    expect(claude.stderr).toHaveLength(4000)
  })

  test('that cannot start is gone', async () => {
    const claude = new ClaudeProcess({ ...specOf(''), command: '/nowhere/claude' })
    claude.child.on('error', () => undefined)
    await within(2000, 'its end', claude.gone)
    expect(claude.alive).toBe(false)
    claude.kill()
    claude.end()
  })
})

describe.skipIf(process.platform !== 'linux')('Spares', () => {
  test('fit those that start in the same way only', () => {
    const spares = new Spares((spec) => new ClaudeProcess(spec))
    const one = specOf(WAITS)
    spares.keep(one, 1)
    expect(spares.take(specOf(WAITS))).toBeUndefined()
    const taken = spares.take({ ...one })
    expect(taken?.alive).toBe(true)
    expect(spares.count).toBe(0)
    taken?.kill()
  })

  test('make place for those of another kind, the oldest first', async () => {
    const spares = new Spares((spec) => new ClaudeProcess(spec))
    const [one, two, three] = [specOf(WAITS), specOf(WAITS), specOf(WAITS)]
    spares.keep(one, 2)
    spares.keep(two, 2)
    expect(spares.count).toBe(2)
    spares.keep(three, 1)
    expect(spares.count).toBe(1)
    await until('those before have ended', () => left(one).length + left(two).length === 0)
    await until('the last one runs', () => left(three).length === 1)
    spares.limit(0)
    await until('the last has ended', () => left(three).length === 0)
  })

  test('that died are not given, and are replaced', async () => {
    const spares = new Spares((spec) => new ClaudeProcess(spec))
    const spec = specOf(WAITS)
    spares.keep(spec, 1)
    await until('it runs', () => left(spec).length === 1)
    for (const { pid } of left(spec)) process.kill(pid, 'SIGKILL')
    await until('it has died', () => left(spec).length === 0)
    await until('that is known', () => {
      spares.expire(60_000)
      return spares.count === 0
    })
    expect(spares.take(spec)).toBeUndefined()
    spares.keep(spec, 1)
    const another = spares.take(spec)
    expect(another?.alive).toBe(true)
    another?.kill()
  })

  test('that the system refuses to start are done without', () => {
    const spares = new Spares(() => {
      throw new Error('ENOEXEC')
    })
    spares.keep(specOf(WAITS), 2)
    expect(spares.count).toBe(0)
  })

  test('that nobody wanted for long end', async () => {
    const spares = new Spares((spec) => new ClaudeProcess(spec))
    const spec = specOf(WAITS)
    spares.keep(spec, 2)
    spares.expire(60_000)
    expect(spares.count).toBe(2)
    await until('time passes', () => {
      spares.expire(20)
      return spares.count === 0
    })
    await until('they have ended', () => left(spec).length === 0)
  })
})
