import { afterAll, afterEach, beforeEach, type test as bunTest, expect } from 'bun:test'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { query } from '@anthropic-ai/claude-agent-sdk'
import { isolate } from '../../src/provider/claude-sdk/isolation.ts'
import { checkIsolation } from '../../src/provider/claude-sdk/isolation-check.ts'
import type { IsolationOptions } from '../../src/provider/claude-sdk/isolation-options.ts'
import { claudePath } from './claude.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from './fake-anthropic.ts'
import { message } from './fake-reply.ts'
import { Home, LOGIN_TOKEN, processesWith, runIsolated, SECRET, shellIsolated } from './isolated.ts'
import { until } from './wait.ts'

const TIMEOUT = 60_000
const PARENT = join(import.meta.dir, 'isolated-parent.ts')

/** One kind of isolation, ready to be used. */
export interface Subject {
  options(home: Home): IsolationOptions
  /** What the commands of this kind need in their environment. */
  env(): Readonly<Record<string, string>>
  /** What still runs or is kept, beside processes: containers. */
  left(): Promise<string[]>
}

/** A fake API and a home for each test. */
export interface Bench {
  readonly fake: FakeAnthropic
  readonly home: Home
  readonly options: IsolationOptions
  readonly env: Readonly<Record<string, string>>
}

/** Tests of what any isolation promises, on real programs; gives what each test has. */
export function proveIsolation(test: typeof bunTest, subject: Subject): () => Bench {
  const fakes: FakeAnthropic[] = []
  let bench: Bench
  beforeEach(async () => {
    const fake = await startFakeAnthropic({ credentials: [UPSTREAM_KEY, LOGIN_TOKEN] })
    fakes.push(fake)
    const home = new Home()
    const env = { ...subject.env(), ANTHROPIC_BASE_URL: fake.url }
    bench = { fake, home, env, options: subject.options(home) }
  })
  afterEach(() => bench.home.remove())
  afterAll(() => Promise.all(fakes.map((fake) => fake.close())))
  const withKey = () => ({ ...bench.env, ANTHROPIC_API_KEY: UPSTREAM_KEY })
  proveWalls(test, () => bench)
  proveClaude(test, () => bench, withKey)
  proveEnd(test, subject, () => bench, withKey)
  return () => bench
}

function proveWalls(test: typeof bunTest, given: () => Bench): void {
  test('the machine can isolate', async () => {
    const { options, env, home } = given()
    expect(await checkIsolation(options, home.spec([], env).env)).toBeUndefined()
  })

  test('a write in the working folder or add_dirs is seen outside, elsewhere it is not', async () => {
    const { home, options, env } = given()
    const passing = `/tmp/ccproxy-test-${crypto.randomUUID()}`
    const places = ['/etc', '/usr', '$HOME', '$HOME/.config/ccproxy', '$HOME/.ssh', '$HOME/.claude']
    const script = `echo in > in.txt; echo more > ../more/more.txt; echo true > ${passing} && sh ${passing}
      for folder in ${places.join(' ')}; do echo out > "$folder/ccproxy-out.txt"; done; echo done`
    const { stdout, stderr, code } = await shellIsolated(home, script, options, env)
    expect([stdout, code]).toEqual(['done\n', 0])
    expect(stderr).toContain('/etc/ccproxy-out.txt: Read-only file system')
    expect(home.read('work/in.txt')).toBe('in\n')
    expect(home.read('more/more.txt')).toBe('more\n')
    const outside = places.map((place) => place.replace('$HOME', home.path))
    for (const folder of outside) {
      expect(existsSync(join(folder, 'ccproxy-out.txt'))).toBe(false)
    }
    expect(existsSync(passing)).toBe(false)
  })

  test('secrets cannot be read, also where the home folder is the working folder', async () => {
    const { home, options, env } = given()
    const files = ['.config/ccproxy/config.toml', '.ssh/id_ed25519', '.netrc']
    const script = `cd; for file in ${files.join(' ')}; do cat $file; done; ls -A .config/ccproxy; echo done`
    for (const cwd of [home.work, home.path]) {
      const seen = await shellIsolated(Object.assign(home, { work: cwd }), script, options, env)
      expect(seen.stdout).toBe('done\n')
      expect(seen.stderr).not.toContain(SECRET)
      expect(seen.stderr).toMatch(/config\.toml: No such file/)
    }
  })

  test('a renewed login is kept, and what a Claude Code outside obeys stays as it is', async () => {
    const { home, options, env } = given()
    home.signIn()
    // As Claude Code does it: the lock is a folder, the file is renamed.
    const script = `cd ~/.claude && mkdir .oauth_refresh.lock && echo new > .credentials.json.1
      mv .credentials.json.1 .credentials.json; echo '{"hooks":1}' > settings.json; echo x > skills/x
      echo '{"mcpServers":1}' > ../.claude.json; mv settings.json other.json; echo done`
    const { stdout, stderr } = await shellIsolated(home, script, options, env)
    expect([stdout, stderr.match(/settings\.json: Read-only file system/)?.length]).toEqual([
      ...['done\n', 1],
    ])
    expect(home.read('.claude/.credentials.json')).toBe('new\n')
    expect(existsSync(join(home.path, '.claude/.oauth_refresh.lock'))).toBe(true)
    expect(home.read('.claude/settings.json')).toBe('{}\n')
    expect(existsSync(join(home.path, '.claude/skills/x'))).toBe(false)
    expect(home.read('.claude.json')).toBe('{"numStartups":1}\n')
  })
}

type Env = () => Readonly<Record<string, string>>

function proveClaude(test: typeof bunTest, given: () => Bench, withKey: Env): void {
  test(
    'the real Claude Code answers, and its own shell is behind the same walls',
    async () => {
      const { fake, home, options } = given()
      const command = `echo made > made.txt; echo out > ~/out.txt; cat ~/.config/ccproxy/config.toml; echo ran`
      fake.reply(message([{ tool: 'Bash', input: { command, description: 'Look around' } }]))
      const args = ['-p', 'Look around', '--allowedTools', 'Bash', '--model', 'claude-sonnet-5-5']
      const outcome = await runIsolated(home.spec(args, withKey()), options)
      expect(outcome).toMatchObject({ code: 0, stdout: 'Hello from the fake.\n' })
      expect(home.read('work/made.txt')).toBe('made\n')
      expect(existsSync(join(home.path, 'out.txt'))).toBe(false)
      const result = fake.messages().at(-1)?.body.toString() ?? ''
      expect(result).toContain('config.toml: No such file')
      expect(result).not.toContain(SECRET)
      expect(fake.violations).toEqual([])
    },
    TIMEOUT,
  )

  test(
    'the real Claude Code uses its own login, over the Agent SDK',
    async () => {
      const { fake, home, options, env } = given()
      home.signIn()
      const results: string[] = []
      const { env: own, cwd } = home.spec([], env)
      const asked = query({
        prompt: 'Hello',
        options: {
          ...{ cwd, env: own, model: 'claude-sonnet-5-5', persistSession: false },
          pathToClaudeCodeExecutable: claudePath(),
          spawnClaudeCodeProcess: ({ command, args, env: asked }) => {
            const passed = Object.entries(asked).map(([name, value]) => [name, value ?? ''])
            const isolated = isolate(
              { command, args, cwd, env: Object.fromEntries(passed) },
              options,
            )
            const stdio: ['pipe', 'pipe', 'ignore'] = ['pipe', 'pipe', 'ignore']
            return spawn(isolated.command, [...isolated.args], { cwd, env: isolated.env, stdio })
          },
        },
      })
      for await (const each of asked) {
        if (each.type === 'result')
          results.push(each.subtype === 'success' ? each.result : each.subtype)
      }
      expect(results).toEqual(['Hello from the fake.'])
      const sent = fake.messages().map((request) => request.header('authorization'))
      expect(new Set(sent)).toEqual(new Set([`Bearer ${LOGIN_TOKEN}`]))
    },
    TIMEOUT,
  )
}

function proveEnd(test: typeof bunTest, subject: Subject, given: () => Bench, withKey: Env): void {
  test(
    'nothing is left in the middle of a turn once ccproxy was killed and what it marked was ended',
    async () => {
      const { fake, home, options } = given()
      fake.otherwise(() => message([{ text: 'never' }], { stallBefore: TIMEOUT }))
      const mark = `CCPROXY_SDK_OWNER=${crypto.randomUUID()}`
      const [name = '', value = ''] = mark.split('=')
      const args = ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json']
      const spec = home.spec([...args, '--verbose'], { ...withKey(), [name]: value })
      const isolated = isolate(spec, options)
      const parent = Bun.spawn([process.execPath, PARENT], {
        env: { PATH: process.env.PATH ?? '', SPEC: JSON.stringify(isolated) },
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      await fake.waitFor(0)
      expect(processesWith(mark).length).toBeGreaterThan(1)
      parent.kill('SIGKILL')
      await parent.exited
      // bwrap ends by itself. The daemon's container does not notice: its environment bears the mark too.
      if (options.kind === 'docker') {
        for (const pid of processesWith(mark)) process.kill(pid, 'SIGKILL')
      }
      await until('every process ends', () => processesWith(mark).length === 0, 10_000)
      await until('nothing is left', async () => (await subject.left()).length === 0, 10_000)
    },
    TIMEOUT,
  )
}
