import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Ccproxy, startCcproxy } from '../support/ccproxy.ts'
import { type CodexOptions, type CodexOutcome, runCodex } from '../support/codex.ts'
import { type FakeAnthropic, startFakeAnthropic } from '../support/fake-anthropic.ts'
import { midStreamError } from '../support/fake-fault.ts'
import { type FakeOpenai, startFakeOpenai } from '../support/fake-openai.ts'
import { completion, says } from '../support/fake-openai-reply.ts'
import { apiError, asJson, type Json, message, type Reply, text } from '../support/fake-reply.ts'
import { startOpenaiProxy } from '../support/openai-proxy.ts'

const CLIENT_TOKEN = 'client-token-for-codex-0004'
const TIMEOUT = 60000
const PATCH = `*** Begin Patch
*** Update File: notes.txt
@@
 first
-old "line" \\ é
+new “line” 🙂
*** Add File: made.txt
+one
+two
*** End Patch
`
const files = { 'notes.txt': 'first\nold "line" \\ é\nlast\n' }

let fake: FakeAnthropic
let foreign: FakeOpenai
let proxy: Ccproxy
let gateway: Ccproxy
let results: Record<string, CodexOutcome>

interface Run extends Partial<CodexOptions> {
  readonly replies: Reply[]
  readonly mode?: string
}

const RUNS: Record<string, Run> = {
  'case-loop': {
    replies: [
      message([
        { thinking: 'Two commands, then the sum.' },
        { redacted: 'EmwKAhgBEgy3va3pzix' },
        { text: 'I run them.' },
        { tool: 'exec_command', input: { cmd: 'echo first-$((40+2)) "é"' } },
        { tool: 'exec_command', input: { cmd: 'echo second-$((50+5)); exit 3' } },
      ]),
      message([
        { thinking: 'Now the third.' },
        { tool: 'exec_command', input: { cmd: 'echo third-$((60+6))' } },
      ]),
      text('All ran.'),
      text('And on.'),
    ],
    followUp: 'the second turn',
  },
  'case-patch': {
    model: 'gpt-5.5',
    files,
    replies: [
      message([{ thinking: 'Patch.' }, { tool: 'apply_patch', input: { input: PATCH } }]),
      text('Patched.'),
    ],
  },
  'case-search': {
    model: 'gpt-5.5',
    replies: [
      message([{ tool: 'tool_search', input: { query: 'spawn an agent', limit: 3 } }]),
      text('Found.'),
    ],
  },
  'case-namespace': {
    replies: [
      message([{ tool: 'multi_agent_v1__wait_agent', input: { targets: ['nobody'] } }]),
      text('No such agent.'),
    ],
  },
  'case-overloaded': {
    replies: [apiError(529, 'overloaded_error', 'Overloaded'), text('Recovered.')],
  },
  'case-compact': {
    ...{ model: 'gpt-5.5', builtIn: true, compactFrom: 50 },
    replies: [
      message([{ tool: 'exec_command', input: { cmd: 'echo first-$((40+2))' } }], {
        usage: { input_tokens: 90_000 },
      }),
      message([{ thinking: 'What matters?' }, { text: 'The SUM is 42.' }]),
      text('Compacted.'),
    ],
  },
  'case-broken': {
    replies: [midStreamError('overloaded_error', 'Overloaded'), text('Once more.')],
  },
}

/** The runs on an OpenAI upstream that speaks Chat, and on one that speaks Responses. */
const FOREIGN: Record<string, Run> = {}
for (const wire of ['chat', 'responses']) {
  FOREIGN[`case-on-${wire}`] = {
    ...{ model: 'gpt-5.5', mode: `/to/${wire}`, files },
    replies: [
      completion(
        [
          { reasoning: 'Patch.' },
          { text: 'I patch.' },
          { tool: 'exec_command', input: { cmd: 'echo first-$((40+2))' } },
          wire === 'chat'
            ? { tool: 'apply_patch', input: { input: PATCH } }
            : { custom: 'apply_patch', input: PATCH },
        ],
        { interleave: true },
      ),
      says('Both done.'),
    ],
  }
}

function byPrompt(runs: Record<string, Run>) {
  return (request: { text: string }): Reply | undefined => {
    const name = Object.keys(runs).find((prompt) => request.text.includes(prompt))
    return name === undefined ? undefined : runs[name]?.replies.shift()
  }
}

async function run(name: string, on: Ccproxy, options: Run): Promise<[string, CodexOutcome]> {
  const { mode = '', replies: _, ...more } = options
  const baseUrl = `${on.url}${mode}/v1`
  const base = { prompt: name, baseUrl, apiKey: CLIENT_TOKEN, model: 'claude-sonnet-5-5' }
  return [name, await runCodex({ ...base, ...more })]
}

beforeAll(async () => {
  fake = await startFakeAnthropic({ forbidden: [CLIENT_TOKEN] })
  foreign = await startFakeOpenai({ forbidden: [CLIENT_TOKEN] })
  proxy = await startCcproxy({ upstream: fake.url, env: { AUTH_TOKEN: CLIENT_TOKEN } })
  gateway = await startOpenaiProxy(foreign, CLIENT_TOKEN)
  fake.otherwise(byPrompt(RUNS))
  foreign.otherwise(byPrompt(FOREIGN))
  const done = await Promise.all([
    ...Object.entries(RUNS).map(([name, options]) => run(name, proxy, options)),
    ...Object.entries(FOREIGN).map(([name, options]) => run(name, gateway, options)),
  ])
  results = Object.fromEntries(done)
}, TIMEOUT)

afterAll(async () => {
  for (const outcome of Object.values(results)) outcome.remove()
  await proxy.stop()
  await gateway.stop()
  await fake.close()
  await foreign.close()
})

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(asJson) : []
}

function requestsOf(name: string): Json[] {
  const requests = fake.messages().filter((request) => request.text.includes(name))
  return requests.map((request) => asJson(JSON.parse(request.text)))
}

async function expectPatched(name: string): Promise<void> {
  expect(await results[name]?.file('notes.txt')).toBe('first\nnew “line” 🙂\nlast\n')
  expect(await results[name]?.file('made.txt')).toBe('one\ntwo\n')
}

describe('Codex on Claude', () => {
  test('runs a loop of parallel commands and prints the answer', () => {
    expect(results['case-loop']?.stdout).toBe('And on.\n')
    expect(results['case-loop']?.code).toBe(0)
    const bodies = requestsOf('case-loop')
    expect(bodies.length).toBe(4)
    const said = JSON.stringify(bodies[2]?.messages)
    for (const output of ['first-42 é', 'second-55', 'third-66']) expect(said).toContain(output)
  })

  test('replays its thinking in the next step and in the next turn', () => {
    const bodies = requestsOf('case-loop')
    const types = bodies.map((body) =>
      list(body.messages)
        .filter((entry) => entry.role === 'assistant')
        .map((entry) => list(entry.content).map((block) => block.type)),
    )
    const first = ['thinking', 'redacted_thinking', 'text', 'tool_use', 'tool_use']
    // The fake refuses a thinking block whose signature or text it did not issue.
    expect(types[1]).toEqual([first])
    expect(types[2]).toEqual([first, ['thinking', 'tool_use']])
    expect(types[3]).toEqual([first, ['thinking', 'tool_use'], ['text']])
  })

  test('asks as Claude wants to be asked', () => {
    const [body] = requestsOf('case-loop')
    expect(body).toMatchObject({ model: 'claude-sonnet-5-5', stream: true })
    expect(JSON.stringify(body?.system)).toContain('Codex')
    const names = list(body?.tools).map((tool) => tool.name)
    expect(names).toContain('exec_command')
    expect(list(body?.tools).find((tool) => tool.name === 'web_search')?.type).toMatch(
      /^web_search_/,
    )
  })

  test('applies the patch of its grammar tool, a string in and a string out', async () => {
    expect(results['case-patch']?.stdout).toBe('Patched.\n')
    await expectPatched('case-patch')
    const [first, second] = requestsOf('case-patch')
    const tool = list(first?.tools).find((entry) => entry.name === 'apply_patch')
    expect(tool?.description).toContain('start: begin_patch hunk+ end_patch')
    const [, assistant] = list(second?.messages)
    expect(list(assistant?.content).at(-1)).toMatchObject({
      ...{ type: 'tool_use', name: 'apply_patch', input: { input: PATCH } },
    })
  })

  test('finds tools by its search and offers them in the next step', () => {
    expect(results['case-search']?.stdout).toBe('Found.\n')
    const names = requestsOf('case-search').map((body) =>
      list(body.tools).some((tool) => String(tool.name).endsWith('spawn_agent')),
    )
    expect(names).toEqual([false, true])
  })

  test('gets calls of tools in a namespace back as its own', () => {
    expect(results['case-namespace']?.stdout).toBe('No such agent.\n')
    const said = JSON.stringify(requestsOf('case-namespace')[1]?.messages)
    expect(said).toContain('invalid agent id nobody')
  })

  test('compacts its conversation with its own provider, which asks for that in its own way', () => {
    const { stdout, stderr = '' } = results['case-compact'] ?? {}
    expect(stdout).toBe('Compacted.\n')
    expect(stderr).toContain('context compacted')
    // It opens a WebSocket first, and goes on by HTTP at once.
    expect(stderr).not.toContain('Reconnecting')
    const [, summary, last] = requestsOf('case-compact')
    expect(summary?.tool_choice).toEqual({ type: 'none' })
    const said = JSON.stringify(last?.messages)
    expect(said).toContain('The SUM is 42.')
    expect(said).not.toContain('first-42')
  })

  test('tries again after a 529 and after an error in the stream', () => {
    expect(results['case-overloaded']?.stdout).toBe('Recovered.\n')
    expect(results['case-broken']?.stdout).toBe('Once more.\n')
    expect(requestsOf('case-overloaded').length).toBe(2)
    expect(requestsOf('case-broken').length).toBe(2)
  })
})

describe('Codex on OpenAI', () => {
  for (const wire of ['chat', 'responses']) {
    test(`runs a command and applies a patch on a ${wire} upstream`, async () => {
      expect(results[`case-on-${wire}`]?.stdout).toBe('Both done.\n')
      await expectPatched(`case-on-${wire}`)
      const bodies = foreign.bodies().map((body) => JSON.stringify(body))
      const [, second] = bodies.filter((body) => body.includes(`case-on-${wire}`))
      expect(second).toContain('first-42')
    })
  }
})

test('nothing that reached an upstream was refused', () => {
  expect(fake.violations).toEqual([])
  expect(foreign.violations).toEqual([])
})
