import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type ClaudeOutcome, runClaude } from '../support/claude.ts'
import { type FakeOpenai, OPENAI_KEY, startFakeOpenai } from '../support/fake-openai.ts'
import { completion, contextOverflow, openaiError, says } from '../support/fake-openai-reply.ts'
import { asJson, type Json, type Reply } from '../support/fake-reply.ts'
import { startOpenaiProxy } from '../support/openai-proxy.ts'

const CLIENT_TOKEN = 'client-token-for-claude-0003'
const TIMEOUT = 60000
const WIRES = ['chat', 'responses'] as const
const TOOLS = ['--allowedTools', 'Bash']

let fake: FakeOpenai
let proxy: Ccproxy
let flat: Ccproxy
let results: Record<string, ClaudeOutcome>

/** The replies of each run in order; a run is known by its prompt, which each of its requests holds. */
const scripts: Record<string, Reply[]> = {}

function bash(command: string) {
  return { tool: 'Bash', input: { command, description: 'Say é "quoted"' } }
}

function loop(): Reply[] {
  return [
    completion(
      [
        { reasoning: 'Two commands, then the sum.' },
        { text: 'I run them.' },
        bash('echo first-$((40+2))'),
        bash('echo second-$((50+5)); exit 3'),
      ],
      { interleave: true },
    ),
    completion([{ reasoning: '' }, bash('echo third-$((60+6))')]),
    says('All ran.'),
  ]
}

const RUNS: Record<string, { mode: string; replies: Reply[]; args?: string[] }> = {}
for (const wire of WIRES) {
  RUNS[`loop-${wire}`] = { mode: `/to/${wire}`, replies: loop(), args: TOOLS }
}
RUNS['case-limited'] = {
  mode: '/to/chat',
  replies: [
    openaiError(429, { message: 'Slow down', code: 'rate_limit_exceeded' }, { 'retry-after': '1' }),
    says('After the wait.'),
  ],
}
RUNS['case-overloaded'] = {
  mode: '/to/responses',
  replies: [openaiError(529, { message: 'Overloaded', type: 'server_error' }), says('Recovered.')],
}
RUNS['case-broken'] = {
  mode: '/to/chat',
  replies: [says('Half an answer', { end: { after: 2, how: 'error' } }), says('In one piece.')],
}
RUNS['case-cut'] = {
  mode: '/to/responses',
  replies: [says('Half an answer', { end: { after: 5, how: 'close' } }), says('Once more.')],
}
RUNS['case-too-long'] = { mode: '/to/chat', replies: repeat(contextOverflow(272000, 300000)) }
RUNS['case-other-form'] = { mode: '/to/chat', replies: [says('As JSON.', { form: 'json' })] }

function repeat(reply: Reply): Reply[] {
  return Array.from({ length: 40 }, () => reply)
}

async function claude(name: string, baseUrl: string, args: string[] = []): Promise<ClaudeOutcome> {
  const outcome = await runClaude({
    ...{ prompt: name, baseUrl, apiKey: CLIENT_TOKEN },
    args: ['--model', 'claude-sonnet-5-5', ...args],
  })
  outcome.remove()
  return outcome
}

beforeAll(async () => {
  fake = await startFakeOpenai({ forbidden: [CLIENT_TOKEN] })
  proxy = await startOpenaiProxy(fake, CLIENT_TOKEN)
  flat = await startCcproxy({
    key: false,
    env: {
      ...{ AUTH_TOKEN: CLIENT_TOKEN, UPSTREAM_BASE_URL: `${fake.url}/chat/completions` },
      ...{ UPSTREAM_API_KEY: OPENAI_KEY, DEFAULT_UPSTREAM_MODEL: 'local-coder' },
    },
  })
  for (const [name, run] of Object.entries(RUNS)) scripts[name] = run.replies
  scripts['flat-variables'] = loop()
  fake.otherwise((request) => {
    const name = Object.keys(scripts).find((prompt) => request.text.includes(prompt))
    const replies = name === undefined ? undefined : scripts[name]
    // On a busy machine Claude Code may give an answer up and ask once more: the last one stands.
    return replies !== undefined && replies.length > 1 ? replies.shift() : replies?.[0]
  })
  const jobs = [
    ...Object.entries(RUNS).map(
      ([name, run]) =>
        async () =>
          [name, await claude(name, `${proxy.url}${run.mode}`, run.args)] as const,
    ),
    async () => ['flat-variables', await claude('flat-variables', flat.url, TOOLS)] as const,
  ]
  // A few at a time: on a busy machine a starved client asks more often than its script has answers.
  const done: (readonly [string, ClaudeOutcome])[] = []
  const worker = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) done.push(await job())
  }
  await Promise.all([worker(), worker(), worker(), worker()])
  results = Object.fromEntries(done)
}, TIMEOUT)

afterAll(async () => {
  await proxy.stop()
  await flat.stop()
  await fake.close()
})

function requestsOf(name: string): Json[] {
  return fake.bodies().filter((body) => JSON.stringify(body).includes(name))
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(asJson) : []
}

describe('Claude Code on a Chat upstream', () => {
  test('runs two parallel tools, then one more, and prints the answer', () => {
    expect(results['loop-chat']?.stdout).toBe('All ran.\n')
    expect(results['loop-chat']?.code).toBe(0)
    const bodies = requestsOf('loop-chat')
    expect(bodies.length).toBe(3)
    const messages = list(bodies[2]?.messages)
    const assistant = messages.filter((message) => message.role === 'assistant')
    const calls = assistant.map((message) => list(message.tool_calls))
    expect(calls.map((batch) => batch.length)).toEqual([2, 1])
    expect(String(asJson(calls[0]?.[0]?.function).arguments)).toContain('Say é \\"quoted\\"')
    const answers = messages.filter((message) => message.role === 'tool')
    expect(answers.map((message) => message.tool_call_id)).toEqual(
      calls.flat().map((call) => call.id),
    )
    const [first, second, third] = answers.map((message) => String(message.content))
    expect(first).toContain('first-42')
    expect(second).toMatch(/Error.*second-55/s)
    expect(third).toContain('third-66')
  })

  test('asks as OpenAI wants to be asked', () => {
    const [body] = requestsOf('loop-chat')
    expect(body).toMatchObject({ model: 'gpt-5.5', stream_options: { include_usage: true } })
    expect(list(body?.messages)[0]?.role).toBe('developer')
    expect(list(body?.tools).length).toBeGreaterThan(5)
  })

  test('waits as a 429 says, then goes on', () => {
    expect(results['case-limited']?.stdout).toBe('After the wait.\n')
    const [first, second] = fake.requests.filter((r) => r.text.includes('case-limited'))
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(950)
  })

  test('asks again after an error in the stream', () => {
    expect(results['case-broken']?.stdout).toBe('In one piece.\n')
    expect(requestsOf('case-broken').length).toBeGreaterThanOrEqual(2)
  })

  test('is told that the prompt is too long, in the words that it knows', () => {
    const { stdout = '', stderr = '', code } = results['case-too-long'] ?? {}
    expect(code).toBe(1)
    expect(`${stdout}${stderr}`).toMatch(/prompt is too long/i)
  })

  for (const wire of WIRES) {
    test(`gets an overflow of a ${wire} upstream with both numbers, as Anthropic words it`, async () => {
      scripts['overflow-by-hand'] = [contextOverflow(272000, 300000)]
      const reply = await fetch(`${proxy.url}/to/${wire}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': CLIENT_TOKEN, 'content-type': 'application/json' },
        body: JSON.stringify({
          ...{ model: 'claude-sonnet-5-5', max_tokens: 9, stream: true },
          messages: [{ role: 'user', content: 'overflow-by-hand' }],
        }),
      })
      expect(reply.status).toBe(400)
      expect(asJson(await reply.json()).error).toMatchObject({
        type: 'invalid_request_error',
        message: 'prompt is too long: 300000 tokens > 272000 maximum',
      })
    })
  }

  test('takes JSON where it had asked for a stream', () => {
    expect(results['case-other-form']?.stdout).toBe('As JSON.\n')
    // It falls back to a request without a stream where it cannot read one.
    expect(requestsOf('case-other-form').every((body) => body.stream === true)).toBe(true)
  })

  test('works with the flat variables alone, on a server of which nothing is known', () => {
    expect(results['flat-variables']?.stdout).toBe('All ran.\n')
    const bodies = requestsOf('flat-variables')
    expect(bodies.length).toBe(3)
    for (const body of bodies) expect(body.model).toBe('local-coder')
    expect(bodies[0]).toHaveProperty('max_tokens')
    expect(list(bodies[0]?.messages)[0]?.role).toBe('system')
  })
})

describe('Claude Code on a Responses upstream', () => {
  test('runs two parallel tools, then one more, and prints the answer', () => {
    expect(results['loop-responses']?.stdout).toBe('All ran.\n')
    const bodies = requestsOf('loop-responses')
    expect(bodies.length).toBe(3)
    const types = list(bodies[2]?.input).map((item) => item.type ?? 'message')
    const from = types.indexOf('reasoning')
    // Its own reasoning goes back with the very content that the upstream had sealed.
    expect(types.slice(from, from + 8)).toEqual([
      ...['reasoning', 'message', 'function_call', 'function_call'],
      ...['function_call_output', 'function_call_output', 'reasoning', 'function_call'],
    ])
    const outputs = list(bodies[2]?.input).filter((item) => item.type === 'function_call_output')
    expect(String(outputs[0]?.output)).toContain('first-42')
    expect(JSON.stringify(outputs[1]?.output)).toMatch(/Error.*second-55/s)
    expect(String(outputs[2]?.output)).toContain('third-66')
  })

  test('asks as OpenAI wants to be asked', () => {
    const [body] = requestsOf('loop-responses')
    expect(body).toMatchObject({ model: 'gpt-5.5', store: false, stream: true })
    expect(typeof body?.instructions).toBe('string')
    expect(body?.include).toEqual(['reasoning.encrypted_content'])
  })

  test('tries again after a 529, which the proxy does not hide or repeat', () => {
    expect(results['case-overloaded']?.stdout).toBe('Recovered.\n')
    expect(requestsOf('case-overloaded').length).toBe(2)
  })

  test('asks again after a stream that was cut', () => {
    expect(results['case-cut']?.stdout).toBe('Once more.\n')
    expect(requestsOf('case-cut').length).toBe(2)
  })
})

test('nothing that reached OpenAI was refused', () => {
  expect(fake.violations).toEqual([])
})

test('leaves no secret in the log', () => {
  for (const log of [proxy.stderr(), flat.stderr()]) {
    expect(log).not.toContain(CLIENT_TOKEN)
    expect(log).not.toContain(OPENAI_KEY)
  }
})
