import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type ClaudeOutcome, runClaude } from '../support/claude.ts'
import { type FakeAnthropic, startFakeAnthropic, UPSTREAM_KEY } from '../support/fake-anthropic.ts'
import { midStreamError } from '../support/fake-fault.ts'
import { apiError, message, type Reply, text } from '../support/fake-reply.ts'
import type { RecordedRequest } from '../support/raw-server.ts'
import { startTee, type Tee } from '../support/tee.ts'

const CLIENT_TOKEN = 'client-token-of-the-proxy-0001'
const TIMEOUT = 60000

/** One proxy before one fake, with a hop between that keeps what Claude Code really sent. */
interface Bench {
  readonly fake: FakeAnthropic
  readonly proxy: Ccproxy
  readonly tee: Tee
}

const benches: Bench[] = []

async function bench(): Promise<Bench> {
  const fake = await startFakeAnthropic({ forbidden: [CLIENT_TOKEN] })
  const proxy = await startCcproxy({ upstream: fake.url, env: { AUTH_TOKEN: CLIENT_TOKEN } })
  const made = { fake, proxy, tee: await startTee(proxy.port) }
  benches.push(made)
  return made
}

afterAll(async () => {
  for (const { fake, proxy, tee } of benches) {
    tee.close()
    await proxy.stop()
    await fake.close()
  }
})

async function claude(
  on: Bench,
  mode: string,
  prompt: string,
  more: { args?: string[]; env?: Record<string, string> } = {},
): Promise<ClaudeOutcome> {
  const outcome = await runClaude({
    ...{ prompt, baseUrl: `${on.tee.url}${mode}`, apiKey: CLIENT_TOKEN },
    args: ['--model', 'claude-sonnet-5-5', ...(more.args ?? [])],
    env: more.env ?? {},
  })
  outcome.remove()
  return outcome
}

/** What Claude Code sent for a request that the upstream got: the same body, and its own head. */
function sentFor(on: Bench, request: RecordedRequest): Map<string, string> {
  for (const bytes of on.tee.sent()) {
    const at = bytes.indexOf(request.body)
    if (at === -1) continue
    const before = bytes.subarray(0, at).toString('latin1')
    const head = before.slice(before.lastIndexOf('POST ', before.length)).split('\r\n')
    const lines = head.slice(1).filter((line) => line !== '')
    return new Map(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(': ')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)]
      }),
    )
  }
  throw new Error('The upstream got a body that Claude Code never sent')
}

/** Headers that belong to one hop or are the caller's credential. */
const PER_HOP = ['host', 'connection', 'accept-encoding', 'content-length', 'x-api-key']

function expectPassed(on: Bench, request: RecordedRequest): void {
  for (const [name, value] of sentFor(on, request)) {
    if (!PER_HOP.includes(name))
      expect(`${name}: ${request.header(name)}`).toBe(`${name}: ${value}`)
  }
  expect(request.header('x-api-key')).toBe(UPSTREAM_KEY)
  expect(request.header('authorization')).toBeUndefined()
}

/** Text of the last user turn, by which a shared fake tells the runs apart. */
function byPrompt(replies: Readonly<Record<string, readonly Reply[]>>) {
  const left = new Map(Object.entries(replies).map(([prompt, list]) => [prompt, [...list]]))
  return (request: RecordedRequest): Reply | undefined => {
    for (const [prompt, list] of left) if (request.text.includes(prompt)) return list.shift()
    return undefined
  }
}

function requestsWith(on: Bench, prompt: string): RecordedRequest[] {
  return on.fake.messages().filter((request) => request.text.includes(prompt))
}

describe('Claude Code with a plain prompt', () => {
  const modes = ['', '/api', '/min', '/pt']
  let on: Bench
  let outcomes: ClaudeOutcome[]

  beforeAll(async () => {
    on = await bench()
    on.fake.otherwise(
      byPrompt(Object.fromEntries(modes.map((m, i) => [`plain-${i}`, [text(`Answer by "${m}"`)]]))),
    )
    outcomes = await Promise.all(modes.map((mode, index) => claude(on, mode, `plain-${index}`)))
  }, TIMEOUT)

  for (const [index, mode] of modes.entries()) {
    test(`prints the answer through "${mode || '/'}"`, () => {
      expect(outcomes[index]?.stdout).toBe(`Answer by "${mode}"\n`)
      expect(outcomes[index]?.code).toBe(0)
    })

    test(`sends the very bytes of its body up through "${mode || '/'}"`, () => {
      const [request, ...more] = requestsWith(on, `plain-${index}`)
      if (request === undefined) throw new Error('No request came')
      expect(more).toEqual([])
      expect(request.target).toBe('/v1/messages?beta=true')
      const sent = sentFor(on, request)
      expect(sent.get('content-length')).toBe(String(request.body.length))
      for (const name of ['anthropic-beta', 'anthropic-version', 'content-type']) {
        expect(request.header(name)).toBe(sent.get(name) ?? 'nothing')
      }
    })
  }

  for (const [index, mode] of modes.entries()) {
    if (mode === '/min') continue
    test(`keeps every header of its own through "${mode || '/'}"`, () => {
      const [request] = requestsWith(on, `plain-${index}`)
      if (request === undefined) throw new Error('No request came')
      expectPassed(on, request)
      expect(request.header('user-agent')).toStartWith('claude-cli/')
      expect(request.header('x-app')).toBe('cli')
      expect(request.header('x-stainless-lang')).toBe('js')
    })
  }

  test('reduces the headers to the needed set through "/min"', () => {
    const [request] = requestsWith(on, 'plain-2')
    const names = (request?.headers ?? []).map(([name]) => name.toLowerCase())
    expect(names.filter((name) => name.startsWith('x-stainless-'))).toEqual([])
    expect(names).not.toContain('x-claude-code-session-id')
    expect(request?.header('x-api-key')).toBe(UPSTREAM_KEY)
  })

  test('sends nothing that the API refuses', () => {
    expect(on.fake.violations).toEqual([])
  })
})

describe('Claude Code with tools, failures and counting', () => {
  const args = ['--allowedTools', 'Bash']
  let on: Bench
  let results: Record<string, ClaudeOutcome>

  const loop = (): Reply[] => [
    message([
      { thinking: 'Two commands, then the sum.', omitted: true },
      { text: 'I run them.' },
      { tool: 'Bash', input: { command: 'echo first-$((40+2))', description: 'Echo é "quoted"' } },
      { tool: 'Bash', input: { command: 'echo second-$((50+5))', description: 'Echo' } },
    ]),
    text('Both ran.'),
  ]

  beforeAll(async () => {
    on = await bench()
    on.fake.otherwise(
      byPrompt({
        'loop-full': loop(),
        'loop-pt': loop(),
        'case-limited': [
          apiError(429, 'rate_limit_error', 'Slow down', { 'retry-after': '1' }),
          text('After the wait.'),
        ],
        'case-overloaded': [apiError(529, 'overloaded_error', 'Overloaded'), text('Recovered.')],
        'case-broken': [midStreamError('overloaded_error', 'Overloaded'), text('In one piece.')],
      }),
    )
    const discovery = { CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1' }
    const runs: Record<string, () => Promise<ClaudeOutcome>> = {
      full: () => claude(on, '', 'loop-full', { args }),
      pt: () => claude(on, '/pt', 'loop-pt', { args }),
      limited: () => claude(on, '', 'case-limited'),
      overloaded: () => claude(on, '/api', 'case-overloaded'),
      broken: () => claude(on, '', 'case-broken'),
      count: () => claude(on, '', '/context'),
      models: () => claude(on, '', 'discover-models', { env: discovery }),
    }
    const done = await Promise.all(
      Object.entries(runs).map(async ([name, run]) => [name, await run()] as const),
    )
    results = Object.fromEntries(done)
  }, TIMEOUT)

  for (const mode of ['full', 'pt']) {
    test(`runs a tool loop and hands its output back (${mode})`, () => {
      expect(results[mode]?.stdout).toBe('Both ran.\n')
      const [first, second, ...more] = requestsWith(on, `loop-${mode}`)
      if (first === undefined || second === undefined) throw new Error('Two requests were due')
      expect(more).toEqual([])
      expect(second.text).toContain('first-42')
      expect(second.text).toContain('second-55')
      expect(second.text).toContain('"type":"thinking","thinking":"","signature"')
      for (const request of [first, second]) expectPassed(on, request)
    })
  }

  test('waits as a 429 says, then goes on', () => {
    expect(results.limited?.stdout).toBe('After the wait.\n')
    const [first, second, ...more] = requestsWith(on, 'case-limited')
    expect(more).toEqual([])
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(950)
    expect(second?.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true)
  })

  test('tries again after a 529, which the proxy does not hide or repeat', () => {
    expect(results.overloaded?.stdout).toBe('Recovered.\n')
    expect(requestsWith(on, 'case-overloaded').length).toBe(2)
  })

  test('asks again without streaming after an error in the stream', () => {
    expect(results.broken?.stdout).toBe('In one piece.\n')
    const streams = requestsWith(on, 'case-broken').map((r) => /"stream":true/.test(r.text))
    expect(streams).toEqual([true, false])
  })

  test('counts its context with count_tokens', () => {
    expect(results.count?.stdout).toContain('## Context Usage')
    const counted = on.fake.requests.filter((r) => r.path === '/v1/messages/count_tokens')
    expect(counted.length).toBeGreaterThan(5)
    for (const request of counted) expectPassed(on, request)
  })

  test('discovers the models of the gateway', () => {
    expect(results.models?.stdout).toBe('Hello from the fake.\n')
    const asked = on.fake.requests.filter((r) => r.path === '/v1/models')
    expect(asked.map((r) => r.target)).toEqual(['/v1/models?limit=1000'])
    expect(on.tee.got().some((bytes) => bytes.includes('Fake claude-opus-5-5'))).toBe(true)
  })

  test('sends nothing that the API refuses', () => {
    expect(on.fake.violations).toEqual([])
  })

  test('leaves no secret in the log', () => {
    const log = on.proxy.stderr()
    expect(log).not.toContain(CLIENT_TOKEN)
    expect(log).not.toContain(UPSTREAM_KEY)
  })
})
