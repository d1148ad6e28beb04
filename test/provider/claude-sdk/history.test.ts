import { describe, expect, test } from 'bun:test'
import type { Block, RequestMessage } from '../../../src/protocol/messages/schema.ts'
import {
  alternating,
  answeredCalls,
  fingerprint,
  type HistoryMessage,
  withTracesAsCalls,
} from '../../../src/provider/claude-sdk/history.ts'

const PNG = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } }

function text(value: string): Block {
  return { type: 'text', text: value }
}

function user(...content: Block[]): HistoryMessage {
  return { role: 'user', content }
}

function assistant(...content: Block[]): HistoryMessage {
  return { role: 'assistant', content }
}

function use(id: string): Block {
  return { type: 'tool_use', id, name: 'go', input: {} }
}

function outcome(id: string, content: unknown = 'ok'): Block {
  return { type: 'tool_result', tool_use_id: id, content }
}

function trace(id: string): Block {
  return Object.assign(
    { type: 'mcp_tool_use', id, name: 'Bash', input: { command: 'ls' } },
    { server_name: 'claude-code' },
  )
}

function traced(id: string): Block {
  const content = [text('a.txt')]
  return { type: 'mcp_tool_result', tool_use_id: id, is_error: false, content }
}

describe('a conversation', () => {
  test('has roles that alternate, and blocks', () => {
    const messages: RequestMessage[] = [
      { role: 'user', content: 'One' },
      { role: 'user', content: [{ ...text('two'), cache_control: { type: 'ephemeral' } }, PNG] },
      { role: 'assistant', content: 'Three' },
      { role: 'assistant', content: '' },
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: [text(''), text('four')] },
    ]
    expect(alternating(messages)).toEqual([
      user(text('One'), text('two'), PNG),
      assistant(text('Three')),
      user(text('<system-reminder>\nBe brief\n</system-reminder>'), text('four')),
    ])
  })

  test('has results first in a turn, as the API wants them', () => {
    const messages: RequestMessage[] = [
      { role: 'user', content: 'Go' },
      { role: 'assistant', content: [use('1'), use('2')] },
      { role: 'system', content: 'Note' },
      { role: 'user', content: [outcome('1'), outcome('2'), text('and now?')] },
    ]
    const types = alternating(messages)[2]?.content.map((block) => block.type)
    expect(types).toEqual(['tool_result', 'tool_result', 'text', 'text'])
  })

  test('says by words that a result is an error where it has more than words', () => {
    const failed = { ...outcome('1', [text('See'), PNG]), is_error: true }
    const messages: RequestMessage[] = [{ role: 'user', content: [failed] }]
    expect(alternating(messages)).toEqual([user(outcome('1', [text('Error:'), text('See'), PNG]))])
    const inWords = { ...failed, content: 'boom' }
    expect(alternating([{ role: 'user', content: [inWords] }])).toEqual([user(inWords)])
  })

  test('is not changed by what is made of it', () => {
    const messages: RequestMessage[] = [
      { role: 'user', content: [text('One')] },
      { role: 'user', content: [outcome('1')] },
    ]
    const before = structuredClone(messages)
    withTracesAsCalls(alternating(messages))
    expect(messages).toEqual(before)
  })
})

describe("traces of Claude Code's own tools", () => {
  const call: Block = { type: 'tool_use', id: '1', name: 'Bash', input: { command: 'ls' } }
  const given: Block = { ...traced('1'), type: 'tool_result' }

  test('are the calls and results that they were', () => {
    expect(
      withTracesAsCalls([
        user(text('Look')),
        assistant(text('Let me see'), trace('1'), traced('1'), text('One file')),
        user(text('Thanks')),
      ]),
    ).toEqual([
      user(text('Look')),
      assistant(text('Let me see'), call),
      user(given),
      assistant(text('One file')),
      user(text('Thanks')),
    ])
  })

  test('that came with the next answer stand beside the results of the caller', () => {
    expect(
      withTracesAsCalls([
        user(text('Look')),
        assistant(trace('1'), use('2')),
        user(outcome('2')),
        assistant(traced('1'), text('Done')),
        user(text('Thanks')),
      ]),
    ).toEqual([
      user(text('Look')),
      assistant(call, use('2')),
      user(outcome('2'), given),
      assistant(text('Done')),
      user(text('Thanks')),
    ])
  })

  test('without a result get one that says so', () => {
    const [, , answers] = withTracesAsCalls([
      user(text('Look')),
      assistant(trace('1'), use('2')),
      user(outcome('2'), text('and?')),
    ])
    expect(answers?.content).toMatchObject([
      { type: 'tool_result', tool_use_id: '1', is_error: true },
      { type: 'tool_result', tool_use_id: '2' },
      { type: 'text' },
    ])
  })

  test("leave a caller's call without its result as it is: the API says what is wrong", () => {
    const turns = [user(text('Go')), assistant(use('1')), user(text('Well?'))]
    expect(withTracesAsCalls(turns)).toEqual(turns)
  })
})

describe('a fingerprint', () => {
  const told = assistant(
    { type: 'thinking', thinking: 'Hm', signature: 's' },
    text('Let me '),
    trace('9'),
    traced('9'),
    text('see\n'),
    use('1'),
  )

  test.each([
    ['without thinking', assistant(text('Let me '), trace('9'), text('see\n'), use('1'))],
    ['as one text', assistant(text('Let me see'), use('1'))],
    ['without traces', assistant(text('Let me '), text('see\n'), use('1'))],
    ['with other input of a call', assistant(text('Let me see'), { ...use('1'), input: { a: 1 } })],
  ])('is the same for an answer %s', (_, sentBack) => {
    expect(fingerprint(sentBack)).toBe(fingerprint(told))
  })

  test.each([
    ['another text', assistant(text('Let me look'), use('1'))],
    ['another call', assistant(text('Let me see'), use('2'))],
    ['no call', assistant(text('Let me see'))],
    ['the other role', user(text('Let me see'))],
  ])('is another one for %s', (_, other) => {
    expect(fingerprint(other)).not.toBe(fingerprint(told))
  })

  test('of a result does not mind its form', () => {
    const cached = { ...text('20 °C'), cache_control: { type: 'ephemeral' as const } }
    const same = [outcome('1', '20 °C'), outcome('1', [text('20 °C')]), outcome('1', [cached])]
    same.push({ ...outcome('1', '20 °C'), is_error: false })
    expect(new Set(same.map((block) => fingerprint(user(block)))).size).toBe(1)
    const failed = { ...outcome('1', '20 °C'), is_error: true }
    expect(fingerprint(user(failed))).not.toBe(fingerprint(user(outcome('1', '20 °C'))))
  })
})

describe('a turn of results', () => {
  const document = {
    type: 'document',
    source: { type: 'text', media_type: 'text/plain', data: 'x' },
  }
  const linked = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }
  const failed = (content: unknown): Block => ({ ...outcome('1', content), is_error: true })

  test.each([
    ['texts', [outcome('1'), outcome('2', [text('a'), text('b')])], ['1', '2']],
    ['nothing', [outcome('1', undefined)], ['1']],
    ['an image', [outcome('1', [text('a'), PNG])], ['1']],
    ['an error in words', [failed('boom')], ['1']],
    ['a document', [outcome('1', [document])], undefined],
    ['an image by its URL', [outcome('1', [linked])], undefined],
    ['a result and a text', [outcome('1'), text('and now?')], undefined],
  ])('with %s', (_, content, ids) => {
    expect(answeredCalls(user(...content))).toEqual(ids)
  })
})
