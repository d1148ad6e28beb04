import { afterAll, afterEach, beforeAll, describe, expect, setSystemTime, test } from 'bun:test'
import { join } from 'node:path'
import { LogTable } from '../../src/cli/records/log-table.ts'
import { factsOfClaudeCode, withProxyFacts } from '../../src/cli/records/status-facts.ts'
import { styleOf } from '../../src/cli/style.ts'
import { settledOut } from '../../src/http/logs/wire.ts'
import { createLedger } from '../../src/record/ledger.ts'
import { createLogger } from '../../src/record/log.ts'
import type { Settled } from '../../src/record/observer.ts'
import { type Ccproxy, ccproxyCommand, freePort, startCcproxy } from '../support/ccproxy.ts'
import { cleanEnv, type TempDir, tempDir } from '../support/child.ts'
import { type FakeAnthropic, startFakeAnthropic } from '../support/fake-anthropic.ts'
import { apiError, text } from '../support/fake-reply.ts'
import { settled } from '../support/ledger-rows.ts'
import { exchange, messageBody, post } from '../support/raw-client.ts'
import { runInTerminal, type TerminalRun } from '../support/terminal.ts'
import { sleep, until, within } from '../support/wait.ts'
import { fakeContext } from './fake-context.ts'

const KEY = 'canary-of-the-client-key-of-records'
const SESSION = '11111111-2222-4333-8444-555555555555'
const LIMITS = {
  'anthropic-ratelimit-unified-status': 'allowed',
  'anthropic-ratelimit-unified-5h-utilization': '0.42',
  'anthropic-ratelimit-unified-5h-reset': `${Math.round(Date.now() / 1000) + 7200}`,
}

let fake: FakeAnthropic
let proxy: Ccproxy
let closed: number
let home: TempDir
const runs: TerminalRun[] = []

beforeAll(async () => {
  fake = await startFakeAnthropic()
  home = tempDir()
  proxy = await startCcproxy({ upstream: fake.url, env: { AUTH_TOKEN: KEY } })
  closed = await freePort()
  const usage = { input_tokens: 1000, output_tokens: 500, cache_read_input_tokens: 3000 }
  fake.reply(
    text('Hello', { usage, headers: LIMITS }),
    apiError(400, 'invalid_request_error', 'no'),
  )
  await ask({ metadata: { user_id: `user_x_account__session_${SESSION}` } })
  await ask({ model: 'claude-haiku-4-5' })
  await until(
    'both in the ledger',
    async () => (await cli('logs', '--json')).stdout.split('\n').length === 3,
  )
})
afterEach(async () => {
  for (const run of runs.splice(0)) await run.stop()
})
afterAll(async () => {
  await proxy.stop()
  await fake.close()
  home.remove()
})

function ask(extra: Record<string, unknown> = {}) {
  return exchange(proxy.port, post('/v1/messages', messageBody(false, extra), [['x-api-key', KEY]]))
}

/** A command line in this process, against the running proxy. */
async function cli(...args: string[]) {
  return cliAt(['--url', proxy.url, '--auth-token', KEY], ...args)
}

async function cliAt(more: readonly string[], ...args: string[]) {
  const world = fakeContext({ home: home.path, cwd: home.path })
  const code = await world.run(...args, ...more)
  return { code, stdout: world.stdout(), stderr: world.stderr() }
}

/** A program with text on stdin, as Claude Code starts it. */
async function piped(args: readonly string[], stdin: string, env: Record<string, string> = {}) {
  const begin = performance.now()
  const child = Bun.spawn(ccproxyCommand(args), {
    ...{ cwd: home.path, env: cleanEnv(home.path, env), stdin: Buffer.from(stdin) },
    ...{ stdout: 'pipe', stderr: 'pipe' },
  })
  const out = await new Response(child.stdout).text()
  const err = await new Response(child.stderr).text()
  return { code: await child.exited, out, err, ms: performance.now() - begin }
}

/** Exchanges in a ledger that no ccproxy writes. */
async function writeLedger(path: string, exchanges: readonly Partial<Settled>[]): Promise<void> {
  const ledger = createLedger({
    ...{ database: path, instance: 'test', retentionDays: 0, retentionMegabytes: 0 },
    ...{ bodies: 'off', bodyLength: 1000, logger: createLogger('silent', 'plain') },
  })
  for (const one of exchanges) ledger.observer.settled(settled(one))
  await ledger.close()
}

const cellsOf = (line = '') => line.trim().split(/ {2,}/)

describe('ccproxy logs', () => {
  test('shows what went through, newest last, in aligned columns', async () => {
    const { code, stdout, stderr } = await cli('logs')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [head, first, second] = stdout.split('\n')
    expect(cellsOf(head)).toEqual(
      'TIME,STATUS,MODEL,IN,CACHED,OUT,COST,FIRST,TOTAL,CLIENT,NOTE'.split(','),
    )
    expect(cellsOf(first).slice(1, 7)).toEqual([
      '200',
      'claude-sonnet-4-6 → anthropic',
      '4.0k',
      '75 %',
      '500',
      '$0.011',
    ])
    expect(cellsOf(second).slice(1, 3)).toEqual([
      '400 upstream_error',
      'claude-haiku-4-5 → anthropic',
    ])
    expect(cellsOf(second).at(-1)).toBe('no')
    expect(first?.indexOf('claude-')).toBe(head?.indexOf('MODEL'))
    expect(stdout).not.toContain('\x1b')
  })

  test('filters by its flags and prints JSON lines', async () => {
    const { stdout } = await cli('logs', '--status', '4xx', '--since', '1h', '--json')
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows).toMatchObject([{ status: 400, model: 'claude-haiku-4-5', error: 'no' }])
    expect((await cli('logs', '--query', 'status=200&limit=5', '--json')).stdout).toContain(
      '"status":200',
    )
    const none = await cli('logs', '--model', 'nobody')
    expect(none).toMatchObject({ code: 0, stdout: '', stderr: 'No such requests\n' })
  })

  test('shows one in full', async () => {
    const [row] = (await cli('logs', '--json', '--status', '200')).stdout.split('\n')
    const { id } = JSON.parse(row ?? '')
    const { stdout } = await cli('logs', id)
    expect(stdout).toMatch(/Request id +req_/)
    expect(stdout).toContain(SESSION)
    expect(stdout).toMatch(/From cache +3\.0k/)
    expect(await cli('logs', 'req_nobody')).toMatchObject({
      code: 1,
      stderr: 'Error: Request "req_nobody" is not in the ledger: "ccproxy logs" shows what is\n',
    })
  })

  test('names the flag that is wrong', async () => {
    const said = async (...args: string[]) => (await cli('logs', ...args)).stderr.split('\n')[0]
    expect(await said('--since', 'soon')).toStartWith('Error: Flag "--since": Must be an ISO time')
    expect(await said('--status', '9')).toStartWith('Error: Flag "--status": Must be a code')
    expect(await said('--query', 'stat=1')).toStartWith(
      'Error: Flag "--query": "stat": Is not known',
    )
    expect(await said('--follow', '--until', '1h')).toContain('--until')
    const wrongKey = await cliAt(['--url', proxy.url, '--auth-token', 'x'.repeat(30)], 'logs')
    expect(wrongKey.code).toBe(1)
    expect(wrongKey.stderr).toContain('does not take the client key: give it with --auth-token')
  })

  test('follows what comes, on a terminal and in a pipe', async () => {
    const args = ['logs', '--follow', '--url', proxy.url, '--auth-token', KEY, '--limit', '1']
    const desk = runInTerminal(args, { NO_COLOR: '', TERM: 'xterm' }, { home: home.path })
    runs.push(desk)
    const child = Bun.spawn(ccproxyCommand([...args, '--json']), {
      ...{ cwd: home.path, env: cleanEnv(home.path, {}), stdout: 'pipe', stderr: 'inherit' },
    })
    await desk.sees('TIME')
    await desk.sees('\x1b[33m400\x1b[39m')
    const reader = child.stdout.getReader()
    const line = async () => JSON.parse(new TextDecoder().decode((await reader.read()).value))
    expect(await within(5000, 'the past', line())).toMatchObject({ status: 400 })
    fake.reply(text('Hello'))
    await ask({ model: 'claude-opus-4-6' })
    await desk.sees('claude-opus-4-6')
    expect(await within(5000, 'the next', line())).toMatchObject({ model: 'claude-opus-4-6' })
    desk.signal('SIGINT')
    expect(await within(3000, 'its end', desk.exited)).toBe(0)
    child.kill()
  })

  test('follows no longer than somebody reads', async () => {
    const args = ['logs', '--follow', '--json', '--url', proxy.url, '--auth-token', KEY]
    const child = Bun.spawn(ccproxyCommand(args), {
      ...{ cwd: home.path, env: cleanEnv(home.path, {}), stdout: 'pipe', stderr: 'inherit' },
    })
    const reader = child.stdout.getReader()
    await within(5000, 'the past', reader.read())
    await reader.cancel()
    // The pipe may take one more before it is closed.
    await until('its end', async () => {
      await ask({ model: 'claude-opus-4-5' })
      await Promise.race([child.exited, sleep(200)])
      return child.exitCode !== null
    })
    expect(child.exitCode).toBe(0)
  })

  test('fits into the width of a narrow terminal', async () => {
    const desk = runInTerminal(['logs', '--url', proxy.url, '--auth-token', KEY])
    runs.push(desk)
    await desk.exited
    const lines = desk.screen().split('\r\n')
    expect(desk.screen()).toMatch(/ upstream_e\S*…?\r\n/)
    expect(desk.screen()).not.toContain('FIRST')
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(80)
  })
})

describe('the table of ccproxy logs', () => {
  const failed = settled({
    ...{ status: 529, ending: 'upstream_error', error: 'Overloaded: try again later' },
    ...{ upstream: 'anthropic', client: 'a client with a name', usage: {} },
  })
  const row = settledOut(failed, undefined)
  const plain = styleOf({ env: {} }, { isTerminal: false, write: () => undefined })
  const long = settledOut(settled({ model: 'm'.repeat(300) }), 1.25)

  test.each([120, 130, 140, 150])('says at %i columns why something failed', (width) => {
    const table = new LogTable(plain, width)
    const lines = table.lines([long, row])
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width)
    expect(lines[1]).toContain('Overloaded')
    expect(table.head()).toEndWith('NOTE')
  })

  test('has a head that no line of a narrow terminal breaks', () => {
    const table = new LogTable(plain, 56)
    table.measure([long, row])
    expect(Bun.stringWidth(table.head())).toBeLessThanOrEqual(56)
    expect(table.head()).toEndWith('TOTAL')
  })
})

describe('without a ccproxy that runs', () => {
  const away = () => ['--port', `${closed}`]

  test('the ledger is read and not changed; where there is none that is said', async () => {
    const none = await cliAt(away(), 'logs')
    expect(none.code).toBe(1)
    expect(none.stderr).toContain(`No ccproxy answers at http://127.0.0.1:${closed}: start it with`)
    expect(none.stderr).toContain('no ledger is at')
    const path = join(home.path, '.local', 'share', 'ccproxy', 'ledger.sqlite')
    const evil = 'claude-\x1b[2J\x9b中文'
    await writeLedger(path, [{ model: evil, upstreamModel: evil, planLogin: true }, { usage: {} }])
    const { code, stdout, stderr } = await cliAt(away(), 'logs')
    expect(code).toBe(0)
    expect(stderr).toContain('the ledger is read instead, and not changed')
    expect(stdout).toContain('claude-\\u{1b}[2J\\u{9b}中文 → anthropic')
    const lines = stdout.trimEnd().split('\n')
    const ends = lines
      .slice(1)
      .map((line) => Bun.stringWidth(line.slice(0, line.indexOf('100 ms'))))
    expect(new Set(ends).size).toBe(1)
    expect((await cliAt(away(), 'stats')).stdout).toContain('Today        2 requests')
    const json = (await cliAt(away(), 'logs', '--json')).stdout
    expect(json.trim().split('\n')).toHaveLength(2)
    // Of control characters only those that end lines.
    expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(JSON.parse(json.split('\n')[0] ?? '')).toMatchObject({ model: evil })
    expect((await cliAt(away(), 'stats', '--json')).stdout).toContain('[2J\\u009b')
  })

  test('what needs one says so', async () => {
    const follow = await cliAt(away(), 'logs', '--follow')
    expect(follow).toMatchObject({ code: 1, stdout: '' })
    expect(follow.stderr).toContain('No ccproxy answers')
    const url = await cliAt(['--url', `http://127.0.0.1:${closed}`], 'stats')
    expect(url).toMatchObject({ code: 1, stdout: '' })
  })
})

describe('ccproxy stats', () => {
  test('shows today, seven days, models and clients, with bars', async () => {
    const { code, stdout } = await cli('stats')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Today {8}\d+ requests · 1 failed · 4\.\dk tokens in \(7\d % cached\)/)
    expect(stdout).toMatch(/\nLast 7 days {2}\d+ requests/)
    expect(stdout.match(/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d/gm)).toHaveLength(7)
    expect(stdout).toMatch(/^claude-sonnet-4-6 +█{15,}\S* +1 /m)
    expect(stdout).toMatch(/^CLIENT /m)
  })

  test('has tables that fit into a narrow terminal', async () => {
    const desk = runInTerminal(['stats', '--url', proxy.url, '--auth-token', KEY])
    runs.push(desk)
    await desk.exited
    const [, tables = ''] = desk.screen().split(/\r\n\r\n([\s\S]*)/)
    expect(tables).toMatch(/MODEL +TOKENS +REQUESTS +IN +OUT +COST/)
    expect(tables).toMatch(/claude-sonnet-4-6 +█{7}/)
    for (const line of tables.split('\r\n')) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(80)
  })

  test('shows a period by hours and prints JSON', async () => {
    const { stdout } = await cli('stats', '--since', '1h')
    expect(stdout).toMatch(/^Since \d{4}-/)
    expect(stdout).toMatch(/^HOUR /m)
    const json = JSON.parse((await cli('stats', '--json')).stdout)
    expect(json).toMatchObject({ by: 'day', today: { errors: 1 }, total: { errors: 1 } })
    expect(json.models.map(({ name }: { name: string }) => name)).toContain('claude-haiku-4-5')
  })
})

describe('the tables of ccproxy stats', () => {
  test('say how much they leave out, and cut no cost that there is room for', async () => {
    const path = join(home.path, 'many.sqlite')
    const models = Array.from({ length: 25 }, (_, index) => `model-${index}`)
    const both = [{}, { planLogin: true }].map((more) => ({ ...more, model: 'claude-opus-5' }))
    const exchanges = [...models.map((model) => ({ model, upstreamModel: model })), ...both]
    await writeLedger(path, exchanges)
    const written: string[] = []
    const world = fakeContext({
      ...{ env: { RECORD__DATABASE: path, NO_COLOR: '1' }, home: home.path, cwd: home.path },
      stdout: { isTerminal: true, columns: 100, write: (text) => void written.push(text) },
    })
    expect(await world.run('stats', '--port', `${closed}`)).toBe(0)
    const out = written.join('')
    expect(out).toMatch(/^model-\d+ .*\n… and 6 more: --json has all$/m)
    expect(out).toMatch(/^[A-Z][a-z]{2} \d{4}.* list \+ 25 unpriced$/m)
    const [, ...tables] = out.split('\n\n')
    for (const line of tables.join('\n').split('\n')) {
      expect(Bun.stringWidth(line)).toBeLessThanOrEqual(100)
    }
  })
})

describe('ccproxy stats by day', () => {
  const zone = process.env.TZ
  afterEach(() => {
    setSystemTime()
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })

  /** The days that somebody is shown there and then, each with how many requests it had. */
  async function days(there: string, now: string, requests: readonly string[]) {
    process.env.TZ = there
    setSystemTime(new Date(now))
    const path = join(home.path, `days-${now.slice(0, 10)}-${there.replace('/', '-')}.sqlite`)
    await writeLedger(
      path,
      requests.map((time) => ({ time: Date.parse(time) })),
    )
    const world = fakeContext({ env: { RECORD__DATABASE: path }, home: home.path, cwd: home.path })
    expect(await world.run('stats', '--port', `${closed}`)).toBe(0)
    const lines = world.stdout().match(/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) .*$/gm) ?? []
    return lines.map((line) => cellsOf(line.replace(/[█▉▊▋▌▍▎▏]+/, '')).slice(0, 2))
  }

  test('calls each day by its own name where the clock is half an hour off', async () => {
    const requests = ['2026-11-20T03:30:00Z', '2026-11-21T05:30:00Z', '2026-11-21T05:40:00Z']
    const found = await days('Asia/Kolkata', '2026-11-21T06:30:00Z', requests)
    expect(found).toHaveLength(7)
    expect(found.slice(-2)).toEqual([
      ['Fri 2026-11-20', '1'],
      ['Sat 2026-11-21', '2'],
    ])
  })

  test('calls each day by its own name after the clocks were put forward', async () => {
    const requests = ['2026-03-27T11:00:00Z', '2026-03-29T11:00:00Z', '2026-03-30T09:00:00Z']
    expect(await days('Europe/Berlin', '2026-03-30T10:00:00Z', requests)).toEqual([
      ['Tue 2026-03-24'],
      ['Wed 2026-03-25'],
      ['Thu 2026-03-26'],
      ['Fri 2026-03-27', '1'],
      ['Sat 2026-03-28'],
      ['Sun 2026-03-29', '1'],
      ['Mon 2026-03-30', '1'],
    ])
  })

  test('and ccproxy logs begin with a day where it begins here', async () => {
    const requests = ['2026-11-19T14:59:00Z', '2026-11-19T15:01:00Z', '2026-11-20T15:01:00Z']
    expect(await days('Asia/Tokyo', '2026-11-21T06:30:00Z', requests)).toHaveLength(7)
    const path = join(home.path, 'days-2026-11-21-Asia-Tokyo.sqlite')
    const shown = async (...args: string[]) => {
      const options = { env: { RECORD__DATABASE: path }, home: home.path, cwd: home.path }
      const world = fakeContext(options)
      expect(await world.run(...args, '--port', `${closed}`)).toBe(0)
      return world.stdout()
    }
    expect(await shown('stats', '--since', '2026-11-20')).toStartWith(
      'Since 2026-11-20 00:00:00  2 requests',
    )
    const ofTheDay = ['--since', '2026-11-20', '--until', '2026-11-21T00:00', '--json']
    expect((await shown('logs', ...ofTheDay)).match(/"time":"[^"]+/g)).toEqual([
      '"time":"2026-11-19T15:01:00.000Z',
    ])
    expect((await shown('logs', '--query', 'since=2026-11', '--json')).match(/"id"/g)).toHaveLength(
      3,
    )
  })

  test('leaves out no hour at the edge of the week', async () => {
    // 00:20 in summer time, which the offset of winter counts to the day before.
    const requests = ['2026-10-21T22:20:00Z', '2026-10-28T09:00:00Z']
    expect(await days('Europe/Berlin', '2026-10-28T10:00:00Z', requests)).toMatchObject([
      ['Wed 2026-10-21', '1'],
      ...Array(6).fill([expect.any(String)]),
      ['Wed 2026-10-28', '1'],
    ])
  })
})

describe('ccproxy statusline', () => {
  const claudeCode = JSON.stringify({
    ...{ session_id: SESSION, model: { id: 'claude-sonnet-5', display_name: 'Sonnet 5\x1b[2J' } },
    ...{ cost: { total_cost_usd: 0.4 }, context_window: { used_percentage: 34 } },
  })
  const ours = { ANTHROPIC_BASE_URL: `http://127.0.0.1`, ANTHROPIC_AUTH_TOKEN: KEY }
  const near = () => ({ ...ours, ANTHROPIC_BASE_URL: `${proxy.url}/sdk` })

  test('joins what Claude Code says and what the proxy knows of the session', async () => {
    const whole =
      /^Sonnet 5\\u\{1b\}\[2J · \$0\.011 · cache 75 % · context 34 % · 5h 42 % \([12] h.* left\)\n$/
    const { code, out, err } = await piped(['statusline', '--wait', '20000'], claudeCode, near())
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(whole)
  })

  test('says what it knows where no proxy runs, where the settings are broken, and of any input', async () => {
    const away = { PORT: `${closed}` }
    const known = 'Sonnet 5\\u{1b}[2J · $0.40 · context 34 %\n'
    expect(await piped(['statusline'], claudeCode, away)).toMatchObject({ code: 0, out: known })
    expect(await piped(['statusline'], claudeCode, { PORT: 'x' })).toMatchObject({
      code: 0,
      out: known,
    })
    for (const input of ['', 'junk', '[]', '{"model":5,"cost":{"total_cost_usd":"x"}}']) {
      expect(await piped(['statusline'], input, away)).toMatchObject({ code: 0, out: 'ccproxy\n' })
    }
  })

  test('shows the limits that Claude Code was told, coloured where that is asked for', async () => {
    const rate_limits = {
      five_hour: { used_percentage: 85, resets_at: Date.now() / 1000 + 1845 },
      seven_day: { used_percentage: 12.4 },
    }
    const input = JSON.stringify({ rate_limits, prompt_cache: { hit_ratio: 0.5 } })
    const { out } = await piped(['statusline', '--color'], input, { PORT: `${closed}` })
    const shown = out.replace(/30 min( \d+ s)? left/, 'half an hour left')
    expect(shown).toBe('cache 50 % · \x1b[31m5h 85 %\x1b[39m (half an hour left) · 7d 12 %\n')
  })

  test('keeps quiet about windows that have begun anew since', async () => {
    const rate_limits = {
      five_hour: { used_percentage: 99, resets_at: Date.now() / 1000 - 60 },
      seven_day: { used_percentage: 12.4, resets_at: Date.now() / 1000 + 7230 },
    }
    const { out } = await piped(['statusline'], JSON.stringify({ rate_limits }), {
      PORT: `${closed}`,
    })
    expect(out).toBe('7d 12 % (2 h left)\n')
    const told = withProxyFacts(
      factsOfClaudeCode({}),
      {},
      {
        upstreams: [
          {
            limits: {
              time: new Date().toISOString(),
              values: { '5h-utilization': '1', '5h-reset': '1000', '7d-utilization': '0.5' },
            },
          },
        ],
      },
    )
    expect(told.limits).toEqual([{ name: '7d', used: 0.5, resets: undefined }])
  })

  test('does not wait for a proxy that hangs, nor for a stdin that stays open', async () => {
    const hangs = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } })
    const env = { ...ours, ANTHROPIC_BASE_URL: `http://127.0.0.1:${hangs.port}` }
    const empty = await piped(['statusline'], 'junk', { PORT: `${closed}` })
    const { code, out, ms } = await piped(['statusline'], claudeCode, env)
    expect({ code, out }).toEqual({ code: 0, out: 'Sonnet 5\\u{1b}[2J · $0.40 · context 34 %\n' })
    // Beside what the start of a process takes on this machine just now.
    expect(ms).toBeLessThan(1000 + empty.ms)
    hangs.stop(true)
    const child = Bun.spawn(ccproxyCommand(['statusline']), {
      ...{ cwd: home.path, env: cleanEnv(home.path, env), stdin: 'pipe', stdout: 'pipe' },
    })
    const text = await within(3000, 'a line', new Response(child.stdout).text())
    expect(text).toBe('ccproxy\n')
    child.kill()
  })

  test('refuses a time to wait that is none', async () => {
    const { code, err } = await piped(['statusline', '--wait', '1s'], claudeCode)
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('"--wait"') })
  })

  test('tells a person at a terminal what it is for', async () => {
    const stdin = { isTerminal: true, readLine: async () => undefined }
    const world = fakeContext({ stdin })
    expect(await world.run('statusline')).toBe(2)
    expect(world.stderr()).toContain('ccproxy help statusline')
  })
})
