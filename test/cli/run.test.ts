import { describe, expect, test } from 'bun:test'
import type { Command } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { wantsStack } from '../../src/cli/run.ts'
import { ProxyError } from '../../src/kit/error.ts'
import { fakeContext } from './fake-context.ts'

describe('help', () => {
  test('of the program lists every command', async () => {
    for (const args of [['--help'], ['-h'], ['help'], ['--port', '1', '--help']]) {
      const world = fakeContext()
      expect(await world.run(...args)).toBe(0)
      for (const { name } of COMMANDS) expect(world.stdout()).toContain(`\n  ${name} `)
    }
  })

  test('of each command has an example, however it is asked for', async () => {
    const visit = async (command: Command, path: string[]) => {
      expect(command.examples.length).toBeGreaterThan(0)
      for (const example of command.examples) expect(example).toContain('ccproxy')
      const asked = fakeContext()
      expect(await asked.run('help', ...path)).toBe(0)
      const flagged = fakeContext()
      // Behind "code" every flag is Claude Code's.
      const own = path[0] === 'code' ? ['--help', ...path] : [...path, '--help']
      expect(await flagged.run(...own)).toBe(0)
      expect(asked.stdout()).toBe(flagged.stdout())
      expect(asked.stdout()).toContain(`Examples\n  ${command.examples[0]}`)
      for (const child of command.commands ?? []) await visit(child, [...path, child.name])
    }
    for (const entry of COMMANDS) await visit(await entry.load(), [entry.name])
  })

  test('shows the flags that the settings tree gives', async () => {
    const world = fakeContext()
    await world.run('serve', '-h')
    expect(world.stdout()).toContain('-p, --port NUMBER')
    expect(world.stdout()).toContain('-c, --config FILE')
    expect(world.stdout()).toContain('--log-level trace|debug|info|warn|error|silent')
  })

  test('has colours on a terminal only, and never with NO_COLOR', async () => {
    const coloured = async (options: Parameters<typeof fakeContext>[0]) => {
      const world = fakeContext(options)
      await world.run('--help')
      return world.stdout().includes('\u001b[')
    }
    expect(await coloured({ terminal: true })).toBe(true)
    expect(await coloured({ terminal: false })).toBe(false)
    expect(await coloured({ terminal: true, env: { NO_COLOR: '1' } })).toBe(false)
  })
})

describe('version', () => {
  test('names version and commit', async () => {
    for (const args of [['--version'], ['-V'], ['version'], ['--port', '1', '-V']]) {
      const world = fakeContext()
      expect(await world.run(...args)).toBe(0)
      expect(world.stdout()).toBe('ccproxy 1.2.3 (abc1234)\n')
    }
    const world = fakeContext()
    expect(await world.run('version', '--json')).toBe(0)
    expect(JSON.parse(world.stdout())).toEqual({ version: '1.2.3', commit: 'abc1234' })
  })
})

describe('a wrong command line exits with 2 and says what was meant', () => {
  const cases: readonly (readonly [string[], string])[] = [
    [['serv'], 'Unknown command "serv" (did you mean "serve"?)'],
    [['config', 'shw'], 'Unknown command "config shw" (did you mean "show"?)'],
    [['init'], 'Unknown command "init" (did you mean "config init"?)'],
    [['help', 'login'], 'Unknown command "login" (did you mean "auth login"?)'],
    [['completion'], 'Argument SHELL is missing: it is one of bash, zsh, fish, powershell'],
    [['completion', 'tcsh'], 'Unknown shell "tcsh": it is one of bash, zsh, fish, powershell'],
    [['help', 'serv'], 'Unknown command "serv" (did you mean "serve"?)'],
    [['--prot', '9000'], 'Unknown flag "--prot" (did you mean "--port"?)'],
    [['serve', '--prot=9000'], 'Unknown flag "--prot" (did you mean "--port"?)'],
    [['config', 'show', '--jsn'], 'Unknown flag "--jsn" (did you mean "--json"?)'],
    [['version', '-z'], 'Unknown flag "-z"'],
    [['serve', '--port'], 'Flag "--port" needs a value: NUMBER'],
    [
      ['serve', '--host', '--port', '1'],
      'Flag "--host" needs a value: TEXT (write "--host=VALUE" for one that starts with "-")',
    ],
    [['version', '--json=yes'], 'Flag "--json" takes no value'],
    [['serve', 'now'], 'Unexpected argument "now"'],
    [['generate-token', '-c', 'x'], 'Flag "--config" needs "--save" beside it'],
    [['--port', 'abc'], 'Cannot use flag --port: server.port must be an integer'],
  ]
  for (const [args, message] of cases) {
    test(args.join(' '), async () => {
      const world = fakeContext()
      expect(await world.run(...args)).toBe(2)
      expect(world.stderr()).toContain(`Error: ${message}`)
      expect(world.stdout()).toBe('')
    })
  }

  test('a group without a command shows its help', async () => {
    const world = fakeContext()
    expect(await world.run('config')).toBe(2)
    expect(world.stderr()).toContain('ccproxy config COMMAND')
  })
})

describe('failures exit with 1', () => {
  test('settings that cannot be used', async () => {
    const world = fakeContext({ env: { PORT: 'x' } })
    expect(await world.run('config', 'validate')).toBe(1)
    expect(world.stderr()).toStartWith('Error: Cannot use environment PORT: server.port must be')
  })

  test('an error of ours is its message alone', async () => {
    const startServer = () =>
      Promise.reject(new ProxyError('unavailable', 'Cannot listen on port 8000: it is taken'))
    const world = fakeContext({ startServer })
    expect(await world.run()).toBe(1)
    expect(world.stderr()).toBe('Error: Cannot listen on port 8000: it is taken\n')
  })

  test('a crash is one line, with its stack at log level debug only', async () => {
    const startServer = () => Promise.reject(new TypeError('x is not a function'))
    const plain = fakeContext({ startServer })
    expect(await plain.run('serve')).toBe(1)
    expect(plain.stderr()).toBe('Error: Unexpected failure: x is not a function\n')
    const debug = fakeContext({ startServer })
    await debug.run('serve', '--log-level', 'debug')
    expect(debug.stderr()).toContain('run.test.ts')
  })

  test('the stack is asked for by flag or environment', () => {
    expect(wantsStack(['--log-level=trace'], {})).toBe(true)
    expect(wantsStack([], { LOG_LEVEL: 'DEBUG' })).toBe(true)
    expect(wantsStack(['--log-level', 'info'], { LOG_LEVEL: 'debug' })).toBe(false)
    expect(wantsStack(['--port', '1'], {})).toBe(false)
  })
})

test('flags may stand before the command', async () => {
  const world = fakeContext()
  expect(await world.run('--port', '4242', 'config', 'show', '--json')).toBe(0)
  const { values } = JSON.parse(world.stdout())
  expect(values).toContainEqual({ key: 'server.port', value: 4242, source: 'flag --port' })
})
