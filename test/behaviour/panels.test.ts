import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { runCcproxy, startCcproxy } from '../support/ccproxy.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { text } from '../support/fake-reply.ts'
import { exchange, messageBody, post } from '../support/raw-client.ts'
import { runInTerminal, type TerminalRun } from '../support/terminal.ts'
import { until, within } from '../support/wait.ts'

const KEY = 'canary-of-the-client-key-in-a-panel'
const CANARY = 'sk-ant-api03-canary-in-a-body-0001'

let fake: FakeAnthropic
let runs: TerminalRun[] = []
beforeAll(async () => {
  fake = await startFakeAnthropic()
})
beforeEach(() => fake.forget())
afterEach(async () => {
  await Promise.all(runs.map((run) => run.stop()))
  runs = []
})
afterAll(async () => {
  await fake.close()
  expect(fake.violations).toEqual([])
})

const send = (port: number, body = messageBody(false)) =>
  exchange(port, post('/v1/messages', body, [['x-api-key', KEY]]))

/** A ccproxy with a user in front of it. */
async function serve(env: Record<string, string> = {}, args: readonly string[] = []) {
  const started = runInTerminal(['serve', '--port', '0', ...args], {
    ...{ ANTHROPIC_UPSTREAM_URL: fake.url, ANTHROPIC_API_KEY: UPSTREAM_KEY, AUTH_TOKEN: KEY },
    ...env,
  })
  runs.push(started)
  await started.sees(/listens on \S*http:\/\/127/)
  await started.sees('listening')
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(started.screen())?.[1])
  const ask = (content: string, stream = true) =>
    send(port, messageBody(stream, { messages: [{ role: 'user', content }] }))
  return { terminal: started, ask }
}

describe('ccproxy on a terminal', () => {
  test('shows a panel for each exchange, without secrets or foreign control sequences', async () => {
    fake.reply(text(`An \x1b[2Janswer, ${CANARY}`))
    const { terminal, ask } = await serve()
    await ask(`My question: ${CANARY}\x1b]0;title\x07`)
    await terminal.sees(/╭─ 200 claude-\S+ → anthropic ─+ \d\d:\d\d:\d\d ─/)
    await terminal.sees('│ Messages → Messages · POST /v1/messages · stream · full · 1 message')
    await terminal.sees(/│ \S+ tokens in.* out · \$/)
    await terminal.sees(/│ first byte .* · total .* · end_turn/)
    await terminal.sees('│ → My question: ***\\u{1b}]0;title\\u{7}')
    await terminal.sees('│ ← An \\u{1b}[2Janswer, ***')
    await terminal.sees('╰─ req_')
    terminal.signal('SIGTERM')
    expect(await within(5000, 'its end', terminal.exited)).toBe(0)
    expect(terminal.screen()).toContain('stopped')
    expect(terminal.screen()).not.toContain('canary')
    expect(terminal.screen()).not.toMatch(/ request /)
    for (const line of terminal.screen().match(/^[╭│╰].*$/gm) ?? []) {
      expect(Bun.stringWidth(line.trimEnd())).toBeLessThan(80)
    }
  })

  test('shows what runs in one line, which goes when it ends', async () => {
    fake.reply(text('one two three', { pace: 150 }))
    const { terminal, ask } = await serve({ NO_COLOR: '' })
    const reply = ask('Slowly')
    await terminal.sees(/→ anthropic answering \d/)
    terminal.resize(40, 20)
    await reply
    await terminal.sees('╰─')
    const panel = terminal.screen().slice(terminal.screen().lastIndexOf('╭─'))
    for (const line of panel.split('\r\n')) expect(Bun.stringWidth(line)).toBeLessThan(40)
    expect(terminal.screen()).toContain('\x1b[32m╭─')
  })

  test('shows no more of a payload than it may, or none', async () => {
    fake.reply(text('an answer'), text('an answer'))
    const [short, bare] = await Promise.all([
      serve({ LOG_PAYLOAD_MAX_CHARS: '12' }),
      serve({ LOG_PAYLOAD_MAX_CHARS: '0' }),
    ])
    await short.ask('A question that is long', false)
    await short.terminal.sees('│ → A question t…')
    await short.terminal.sees('│ ← an answer')
    await bare.ask('A question', false)
    await bare.terminal.sees('╰─ req_')
    expect(bare.terminal.screen()).not.toMatch(/│ [→←]/)
  })

  test('keeps the ordinary lines where panels are off or another form is asked for', async () => {
    fake.reply(text('a'), text('a'))
    const [off, json] = await Promise.all([
      serve({ PRETTY_LOGS: 'false' }),
      serve({}, ['--log-format', 'json']),
    ])
    await off.ask('Hello', false)
    await off.terminal.sees(/ request .*status=200/s)
    expect(off.terminal.screen()).not.toContain('╭─')
    await json.ask('Hello', false)
    await json.terminal.sees('"msg":"request"')
    expect(json.terminal.screen()).not.toContain('╭─')
  })
})

describe('ccproxy without a terminal', () => {
  test('writes the ordinary lines, unless panels are on', async () => {
    fake.reply(text('a'), text('a'))
    const [plain, panels] = await Promise.all([
      startCcproxy({ upstream: fake.url }),
      startCcproxy({ upstream: fake.url, env: { PRETTY_LOGS: 'true' } }),
    ])
    await send(plain.port)
    await plain.log('the request', (line) => line.msg === 'request')
    expect(plain.stderr()).not.toContain('╭─')
    await plain.stop()
    await send(panels.port)
    await until('the panel', () => panels.stderr().includes('╰─ req_'))
    expect(panels.stderr()).not.toContain('"request"')
    expect(panels.stderr()).not.toContain('\x1b')
    await panels.stop()
  })

  test('takes both settings without a word', async () => {
    const env = { PRETTY_LOGS: 'true', LOG_PAYLOAD_MAX_CHARS: '1400' }
    const { stdout, stderr, code } = await runCcproxy(['config', 'show'], { env })
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(stdout).toMatch(/panels\s.*on/)
  })
})
