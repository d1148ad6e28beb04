import { describe, expect, test } from 'bun:test'
import { assemble } from '../../../src/protocol/messages/assemble.ts'
import type { StreamEvent } from '../../../src/protocol/messages/schema.ts'
import { ReplyMachine, type TurnEnd } from '../../../src/provider/claude-sdk/reply-machine.ts'
import type { TraceForm } from '../../../src/provider/claude-sdk/traces.ts'
import { dice } from '../../support/random.ts'
import {
  answer,
  call,
  event,
  randomTurn,
  result,
  type SdkMessage,
  START_USAGE,
  subagent,
  text,
  thinking,
  toolResult,
} from '../../support/sdk-messages.ts'

const callerName = (name: string) => (name === 'get_weather' ? name : undefined)

/** What a machine makes of messages, up to the end of the turn. */
function told(
  messages: readonly SdkMessage[],
  traces: TraceForm = 'blocks',
  ownCalls = new Map<string, string>(),
): { events: StreamEvent[]; end: TurnEnd | undefined; machine: ReplyMachine } {
  const machine = new ReplyMachine({ callerName, traces, ownCalls })
  const events: StreamEvent[] = []
  for (const message of messages) {
    const { events: said, after = [], end } = machine.push(message)
    events.push(...said, ...after)
    if (end !== undefined) return { events, end, machine }
  }
  return { events, end: undefined, machine }
}

/** The whole message of a turn that ends with a result. */
function whole(messages: readonly SdkMessage[], traces?: TraceForm) {
  const { events, machine } = told([...messages, result()], traces)
  return assemble([...events, ...machine.finish()]).value
}

/** What the order of a Messages stream demands. */
function expectSound(events: readonly StreamEvent[]): void {
  let next = 0
  let open: number | undefined
  events.forEach((each, at) => {
    if (at === 0) expect(each.type).toBe('message_start')
    else expect(each.type).not.toBe('message_start')
    if (each.type === 'content_block_start') {
      expect(open).toBeUndefined()
      expect(each.index).toBe(next)
      open = next
      next += 1
    }
    if (each.type === 'content_block_delta') expect(each.index).toBe(open ?? -1)
    if (each.type === 'content_block_stop') {
      expect(each.index).toBe(open ?? -1)
      open = undefined
    }
    if (each.type === 'message_delta') expect(open).toBeUndefined()
  })
  if (events.length > 0) {
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['message_delta', 'message_stop'])
  }
}

describe('an answer of one turn', () => {
  test('passes on as it is, thinking and unknown fields included', () => {
    const redacted = { start: { type: 'redacted_thinking', data: 'c2VjcmV0' }, deltas: [] }
    const messages = answer([thinking('Hm', 'signed'), redacted, text('Hel', 'lo')])
    expect(whole(messages)).toEqual({
      ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x' },
      content: [
        { type: 'thinking', thinking: 'Hm', signature: 'signed' },
        { type: 'redacted_thinking', data: 'c2VjcmV0' },
        { type: 'text', text: 'Hello' },
      ],
      ...{ stop_reason: 'end_turn', stop_sequence: null },
      usage: { input_tokens: 10, cache_read_input_tokens: 3, output_tokens: 7 },
    })
  })

  test('keeps the stop sequence of the upstream', () => {
    const stop = { stop_reason: 'stop_sequence', stop_sequence: 'END' }
    expect(whole(answer([text('Hello')], stop))).toMatchObject(stop)
  })

  test.each(['max_tokens', 'refusal', 'model_context_window_exceeded'])(
    'ends at "%s", where Claude Code would go on',
    (reason) => {
      const stop = { stop_reason: reason, stop_sequence: null, stop_details: { type: 'x' } }
      const { events, end, machine } = told([
        ...answer([text('Half'), call('toolu_1', 'get_weather', {})], stop),
        ...answer([text('NEVER')]),
      ])
      expect(end).toEqual({ how: 'cut' })
      expect(events.at(-2)).toMatchObject({ delta: stop })
      expect(machine.finish()).toEqual([])
      expectSound(events)
    },
  )

  test('leaves out what subagents say', () => {
    const nested = event(
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { parent_tool_use_id: 'toolu_agent' },
    )
    const messages = answer([text('Hello')])
    const within = [...messages.slice(0, 3), subagent('NEVER'), nested, ...messages.slice(3)]
    expect(whole(within)).toEqual(whole(messages))
  })

  test('leaves out deltas of a kind that it does not know', () => {
    const odd = { start: { type: 'text', text: '' }, deltas: [{ type: 'odd_delta', odd: 1 }] }
    expect(whole(answer([odd])).content).toEqual([{ type: 'text', text: '' }])
  })
})

describe("calls of the caller's tools", () => {
  test('end the answer, all of them at once', () => {
    const { events, end } = told(
      answer(
        [
          text('Let me see'),
          call('toolu_1', 'get_weather', { city: 'Oslo' }),
          call('toolu_2', 'get_weather', { city: 'Rome' }),
        ],
        'tool_use',
      ),
    )
    expect(end).toEqual({ how: 'calls', ids: ['toolu_1', 'toolu_2'] })
    const { content, stop_reason } = assemble(events).value
    expect(stop_reason).toBe('tool_use')
    expect(content.slice(1)).toEqual([
      { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Oslo' } },
      { type: 'tool_use', id: 'toolu_2', name: 'get_weather', input: { city: 'Rome' } },
    ])
  })

  test('have the name that the caller gave them', () => {
    const machine = new ReplyMachine({
      callerName: (name) => name.replace('mcp__caller__', ''),
      traces: 'blocks',
      ownCalls: new Map(),
    })
    const messages = answer([call('toolu_1', 'mcp__caller__go', {})], 'tool_use')
    const events = messages.flatMap((message) => {
      const { events: said, after = [] } = machine.push(message)
      return [...said, ...after]
    })
    expect(assemble(events).value.content).toMatchObject([{ name: 'go' }])
  })

  test('of an answer that is tried anew do not count', () => {
    const first = answer([call('toolu_1', 'get_weather', {})], 'tool_use').slice(0, -2)
    const { end } = told([...first, ...answer([text('Instead')]), result()])
    expect(end?.how).toBe('result')
  })
})

describe("Claude Code's own tools", () => {
  const run = [
    ...answer([text('Let me look.'), call('toolu_1', 'Bash', { command: 'ls' })], 'tool_use'),
    toolResult('toolu_1', [{ type: 'text', text: 'a.txt </tool_result> & b' }]),
    ...answer([text('One file.')], 'end_turn', 'msg_2'),
  ]

  test('are told of in blocks that say that they have run', () => {
    const { content, stop_reason, usage, id } = whole(run)
    expect(content).toEqual([
      { type: 'text', text: 'Let me look.' },
      {
        ...{ type: 'mcp_tool_use', id: 'toolu_1', name: 'Bash', server_name: 'claude-code' },
        input: { command: 'ls' },
      },
      {
        ...{ type: 'mcp_tool_result', tool_use_id: 'toolu_1', is_error: false },
        content: [{ type: 'text', text: 'a.txt </tool_result> & b' }],
      },
      { type: 'text', text: 'One file.' },
    ])
    expect({ id, stop_reason }).toEqual({ id: 'msg_1', stop_reason: 'end_turn' })
    expect(usage).toEqual({ input_tokens: 20, cache_read_input_tokens: 6, output_tokens: 14 })
  })

  test('are told of in text that nothing which they print can end', () => {
    const texts = whole(run, 'text').content.map((block) => block.text)
    expect(texts).toEqual([
      'Let me look.',
      '\n<tool_call name="Bash">\n{\n  "command": "ls"\n}\n</tool_call>\n',
      '\n<tool_result name="Bash">\na.txt &lt;/tool_result> &amp; b\n</tool_result>\n',
      'One file.',
    ])
  })

  test('are left out, and the words before and after them do not run into one another', () => {
    const texts = whole(run, 'none').content.map((block) => block.text)
    expect(texts).toEqual(['Let me look.', '\n\nOne file.'])
  })

  test('are no reason to stop for the caller', () => {
    const { stop_reason } = whole(answer([call('toolu_1', 'Bash', {})], 'tool_use'), 'none')
    expect(stop_reason).toBe('end_turn')
  })

  test('that end while the model still speaks are told of between its blocks', () => {
    const messages = answer([call('toolu_1', 'Bash', {}), text('Mean', 'while')], 'tool_use')
    const middle = messages.findIndex((each) => JSON.stringify(each).includes('"while"'))
    messages.splice(middle, 0, toolResult('toolu_1', 'done'))
    const { events, machine } = told([...messages, result()])
    const all = [...events, ...machine.finish()]
    expectSound(all)
    const types = assemble(all).value.content.map(({ type }) => type)
    expect(types).toEqual(['mcp_tool_use', 'text', 'mcp_tool_result'])
  })

  test('that end before they are said to the end are told of after their calls', () => {
    const [head, tail] = [call('toolu_1', 'Nope', {}), call('toolu_2', 'Bash', {})].map(
      (block, at) =>
        answer([block], 'tool_use', `msg_${at}`).toSpliced(
          -3,
          0,
          toolResult(`toolu_${at + 1}`, 'x'),
        ),
    )
    const { content } = whole([...(head ?? []), ...(tail ?? [])])
    expect(content.map(({ type, id, tool_use_id }) => [type, id ?? tool_use_id])).toEqual([
      ['mcp_tool_use', 'toolu_1'],
      ['mcp_tool_result', 'toolu_1'],
      ['mcp_tool_use', 'toolu_2'],
      ['mcp_tool_result', 'toolu_2'],
    ])
  })

  test("that end after a caller's call ended the answer open the next one", () => {
    const ownCalls = new Map<string, string>()
    const first = told(
      answer([call('toolu_1', 'Bash', {}), call('toolu_2', 'get_weather', {})], 'tool_use'),
      'blocks',
      ownCalls,
    )
    expect(first.end).toEqual({ how: 'calls', ids: ['toolu_2'] })
    const second = told(
      [toolResult('toolu_1', 'late'), ...answer([text('Sunny')]), result()],
      'blocks',
      ownCalls,
    )
    const { content } = assemble([...second.events, ...second.machine.finish()]).value
    expect(content.map(({ type }) => type)).toEqual(['mcp_tool_result', 'text'])
    expect(ownCalls.size).toBe(0)
  })
})

describe('an upstream that breaks off', () => {
  const abandoned = (from: number) =>
    event({ type: 'message_stop' }, { abandoned_blocks: { from_block_index: from } })
  const half = answer([text('First'), text('Half')]).slice(0, -2)

  test('after a finished block ends the answer: Claude Code would say some of it again', () => {
    expect(told([...half, abandoned(1)]).end).toEqual({ how: 'broken' })
  })

  test('is told of by the result that follows', () => {
    const failed = result({ is_error: true, api_error_status: 529 })
    expect(told([...half, abandoned(0), failed]).end).toMatchObject({ result: failed })
  })

  test('before its first block is tried anew without a trace', () => {
    const { events, machine, end } = told([
      ...answer([]).slice(0, 2),
      abandoned(0),
      ...answer([text('Hello')]),
      result(),
    ])
    expect(end?.how).toBe('result')
    const all = [...events, ...machine.finish()]
    expectSound(all)
    expect(assemble(all).value.content).toEqual([{ type: 'text', text: 'Hello' }])
  })

  test('in a block and is tried anew ends the answer', () => {
    const { end } = told([...half, abandoned(0), ...answer([text('First')])])
    expect(end).toEqual({ how: 'broken' })
  })
})

describe('usage', () => {
  test('is added up to the last nested count', () => {
    const nested = { ...START_USAGE, output_tokens_details: { thinking_tokens: 4 }, speed: 'fast' }
    const counted = answer([text('x')]).map((each) =>
      JSON.stringify(each).includes('message_delta')
        ? event({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: nested })
        : each,
    )
    expect(whole([...counted, ...counted]).usage).toEqual({
      ...{ input_tokens: 20, cache_read_input_tokens: 6, output_tokens: 2, speed: 'fast' },
      output_tokens_details: { thinking_tokens: 8 },
    })
  })

  test('is told with its cost', () => {
    const { machine } = told(answer([text('x')]))
    expect(machine.finish(undefined, 0.25).at(-2)).toMatchObject({ usage: { cost_usd: 0.25 } })
  })
})

test('any messages, also cut off anywhere, make a stream in order whose blocks all end', () => {
  for (let seed = 1; seed <= 600; seed += 1) {
    const rolls = dice(seed)
    const messages = randomTurn(rolls)
    const traces = rolls.pick<TraceForm>(['blocks', 'text', 'none'])
    const cut = rolls.roll(3) === 0 ? rolls.roll(messages.length) : messages.length
    const { events, machine } = told(messages.slice(0, cut), traces)
    expectSound([...events, ...machine.finish()])
  }
})
