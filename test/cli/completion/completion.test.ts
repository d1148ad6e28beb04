import { afterAll, describe, expect, test } from 'bun:test'
import { COMMANDS } from '../../../src/cli/commands/index.ts'
import { completingHome, OFFERS } from '../../support/completing-shell.ts'
import { shellQuoted } from '../../support/shell-quoted.ts'
import { runInTerminal } from '../../support/terminal.ts'
import { fakeContext } from '../fake-context.ts'

async function offered(...words: string[]): Promise<string[]> {
  const world = fakeContext()
  expect(await world.run('__complete', 'zsh', ...words)).toBe(0)
  return world
    .stdout()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0] ?? '')
}

describe('what may stand at the cursor', () => {
  test('is every command at first, with its summary', async () => {
    expect(await offered('')).toEqual([...COMMANDS.map(({ name }) => name), 'help'])
    const world = fakeContext()
    await world.run('__complete', 'fish', 'versi')
    expect(world.stdout()).toStartWith('version\tShow version and commit')
  })

  test('of every command are its own flags, and none twice', async () => {
    for (const entry of COMMANDS.filter(({ foreign }) => foreign === undefined)) {
      const command = await entry.load()
      if (command.commands !== undefined) continue
      const flags = await offered(entry.name, '--')
      expect(flags).toEqual([...(command.flags ?? []).map(({ name }) => `--${name}`), '--help'])
    }
    expect(await offered('doctor', '--json', '--js')).toEqual([])
  })

  test.each([
    [['--port', '1', 'con'], ['config']],
    [['config', 'init', '--config', ''], [':files']],
    [['-c', ''], [':files']],
    [['serve', '--log-level=d'], ['--log-level=debug']],
    [['serve', '--port', ''], []],
    [['run', ''], [':program 1']],
    [['run', '--mode', 's'], ['sdk']],
    [['run', '--mode', 'sdk', '--', 'git', 'sta'], [':program 4']],
    [['--mode', 'sdk', 'code', '-'], [':files']],
    [
      ['nonsense', ''],
      [...COMMANDS.map(({ name }) => name), 'help'],
    ],
  ])('%j', async (words, expected) => {
    expect(await offered(...words)).toEqual(expected)
  })

  test('from bash and PowerShell comes in their own words', async () => {
    const bash = fakeContext()
    await bash.run('__complete', 'bash', 'serve', '--log-level', '=', 'd')
    expect(bash.stdout()).toBe('debug\n')
    const powershell = fakeContext()
    await powershell.run('__complete', 'powershell', '=completion', '=')
    expect(powershell.stdout()).toBe('bash\nzsh\nfish\npowershell\n')
  })
})

test('--show-completion prints the same script', async () => {
  for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
    const [first, ...others] = await Promise.all(
      [['completion', shell], ['--show-completion', shell], [`--show-completion=${shell}`]].map(
        async (args) => {
          const world = fakeContext()
          expect(await world.run(...args)).toBe(0)
          return world.stdout()
        },
      ),
    )
    expect(first).toContain('__complete')
    expect(others).toEqual([first ?? '', first ?? ''])
  }
  const wrong = fakeContext()
  expect(await wrong.run('completion', 'fissh')).toBe(2)
  expect(wrong.stderr()).toContain(
    'Unknown shell "fissh": it is one of bash, zsh, fish, powershell',
  )
})

describe.if(Bun.which('bash') !== null)('the real bash', () => {
  const home = completingHome()
  afterAll(() => home.remove())

  test('is offered the right words', async () => {
    const ask = OFFERS.map(([line]) => {
      const words = line.split(' ').map(shellQuoted).join(' ')
      return `COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _ccproxy; (IFS=,; echo "\${COMPREPLY[*]}")`
    })
    const script = `eval "$(ccproxy completion bash)"\n${ask.join('\n')}`
    const shell = Bun.spawn(['bash', '--norc', '-c', script], { env: home.env, cwd: home.path })
    const lines = (await new Response(shell.stdout).text()).trimEnd().split('\n')
    expect(lines.map((line) => line.split(','))).toEqual(OFFERS.map(([, words]) => [...words]))
  })

  test('completes what is typed, files and values behind "=" too', async () => {
    const options = { home: home.path, program: ['bash', '--norc', '-i'] }
    const shell = runInTerminal([], { ...home.env, PS1: '> ' }, options)
    await shell.types('eval "$(ccproxy completion bash)"; echo load""ed\r', 0)
    await shell.sees('loaded')
    await shell.types('ccproxy conf\tpa\t', 0)
    await shell.sees('config path ')
    await shell.types('\x15ccproxy serve --log-level=de\t', 0)
    await shell.sees('--log-level=debug')
    await shell.types('\x15ccproxy -c team\\ s\t', 0)
    await shell.sees('team\\ settings.toml')
    await shell.types('\x15exit\r', 0)
    await shell.exited
    await shell.stop()
  })
})
