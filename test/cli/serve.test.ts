import { describe, expect, test } from 'bun:test'
import type { CommandContext } from '../../src/cli/command.ts'
import { fakeContext } from './fake-context.ts'

type Start = NonNullable<CommandContext['startServer']>

/** A server that serves nothing but tells what was done to it. */
function fakeServer() {
  const done: string[] = []
  let finishDrain: (() => void) | undefined
  const started: Parameters<Start>[0][] = []
  const startServer: Start = async (options) => {
    started.push(options)
    return {
      url: 'http://127.0.0.1:8000',
      port: 8000,
      drain: () => {
        done.push('drain')
        return new Promise((resolve) => {
          finishDrain = resolve
        })
      },
      stop: () => void done.push('stop'),
    }
  }
  return { startServer, started, done, finishDrain: () => finishDrain?.() }
}

const settle = () => Bun.sleep(1)

async function begun(started: unknown[]): Promise<void> {
  while (started.length === 0) await settle()
  await settle()
}

describe('serve', () => {
  test('hands settings and world to the server, with or without its name', async () => {
    for (const args of [[], ['serve'], ['--port', '9']]) {
      const server = fakeServer()
      const env = { HOST: '::1' }
      const world = fakeContext({ env, startServer: server.startServer })
      const code = world.run(...args)
      await begun(server.started)
      expect(server.started[0]).toMatchObject({
        version: '1.2.3',
        commit: 'abc1234',
        terminal: false,
        env,
        home: '/nowhere/home',
      })
      expect(server.started[0]?.settings.server.host).toBe('::1')
      expect(server.started[0]?.settings.server.port).toBe(args.length === 2 ? 9 : 8000)
      world.signal('SIGTERM')
      await settle()
      server.finishDrain()
      expect(await code).toBe(0)
    }
  })

  test('drains on the first signal and exits with 0 when that is done', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const server = fakeServer()
      const world = fakeContext({ startServer: server.startServer })
      const code = world.run('serve')
      await begun(server.started)
      expect(server.done).toEqual([])
      world.signal(signal)
      await settle()
      expect(server.done).toEqual(['drain'])
      server.finishDrain()
      expect(await code).toBe(0)
      expect(server.done).toEqual(['drain', 'stop'])
      expect(world.listeners.size).toBe(0)
    }
  })

  test('a second signal ends it at once, with the code of that signal', async () => {
    for (const [signal, exit] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const server = fakeServer()
      const world = fakeContext({ startServer: server.startServer })
      const code = world.run('serve')
      await begun(server.started)
      world.signal('SIGTERM')
      await settle()
      world.signal(signal)
      expect(await code).toBe(exit)
      expect(server.done).toEqual(['drain', 'stop'])
    }
  })

  test('a signal that comes while the server starts is not lost', async () => {
    const server = fakeServer()
    const world = fakeContext({
      startServer: async (options) => {
        world.signal('SIGINT')
        return server.startServer(options)
      },
    })
    const code = world.run('serve')
    await begun(server.started)
    expect(server.done).toEqual(['drain'])
    server.finishDrain()
    expect(await code).toBe(0)
  })

  test('shows warnings always and hints on a terminal only', async () => {
    const outputs = await Promise.all(
      [true, false].map(async (terminal) => {
        const server = fakeServer()
        const env = { ANTHROPIC_API_KEY: 'dummy', AUTH_TOKEN: 'canary', NO_COLOR: '1' }
        const world = fakeContext({ terminal, env, startServer: server.startServer })
        const code = world.run()
        await begun(server.started)
        world.signal('SIGINT')
        await settle()
        server.finishDrain()
        await code
        expect(world.stdout()).toBe('')
        return world.stderr()
      }),
    )
    const warning =
      'Warning: environment ANTHROPIC_API_KEY is ignored: it does not start with "sk-ant-"\n'
    expect(outputs[1]).toBe(warning)
    expect(outputs[0]).toStartWith(warning)
    expect(outputs[0]).toContain('export ANTHROPIC_BASE_URL=http://127.0.0.1:8000\n')
    expect(outputs[0]).toContain('export OPENAI_BASE_URL=http://127.0.0.1:8000/openai/v1\n')
    expect(outputs[0]).toContain('export ANTHROPIC_AUTH_TOKEN=<your client key>\n')
    expect(outputs[0]).not.toContain('canary')
  })

  test('prepares the process before serving, and for nothing else', async () => {
    const prepared = async (...args: string[]) => {
      let count = 0
      const world = fakeContext({
        prepareToServe: () => {
          count += 1
        },
        startServer: () => Promise.reject(new Error('enough')),
      })
      await world.run(...args)
      return count
    }
    expect(await prepared()).toBe(1)
    expect(await prepared('serve')).toBe(1)
    expect(await prepared('--port', '1')).toBe(1)
    expect(await prepared('serve', '--help')).toBe(0)
    expect(await prepared('--version')).toBe(0)
    expect(await prepared('config', 'validate')).toBe(0)
  })
})
