import { describe, expect, test } from 'bun:test'
import { ProxyError } from '../../../src/kit/error.ts'
import { chatRequestOut } from '../../../src/protocol/chat/request-out.ts'
import { createChatStreamIn } from '../../../src/protocol/chat/stream-in.ts'
import { NEUTRAL_PROFILE, type Profile } from '../../../src/protocol/profile.ts'
import type { Message, MessagesRequest, StreamEvent } from '../../../src/protocol/protocol.ts'
import { responsesReplyIn } from '../../../src/protocol/responses/reply-in.ts'
import { responsesReplyOut } from '../../../src/protocol/responses/reply-out.ts'
import { responsesRequestIn } from '../../../src/protocol/responses/request-in.ts'
import { responsesRequestOut } from '../../../src/protocol/responses/request-out.ts'
import { createResponsesStreamIn } from '../../../src/protocol/responses/stream-in.ts'
import { createResponsesStreamOut } from '../../../src/protocol/responses/stream-out.ts'
import { type Golden, goldens, jsonLines } from './support/golden-file.ts'
import { checkHubStream } from './support/hub-invariants.ts'
import { difference } from './support/match.ts'
import { ResponseStreamChecker } from './support/response-stream.ts'
import { framesOf, run, stillWorld } from './support/world.ts'

const OPENAI: Profile = {
  ...NEUTRAL_PROFILE,
  name: 'openai',
  effort_levels: ['minimal', 'low', 'medium', 'high', 'xhigh'],
  strict_tools: true,
}

const encoder = new TextEncoder()

/** What a case gives: a value with notes, or the error that it throws. */
function outcome(work: () => { value: unknown; notes: string[] }): {
  value: unknown
  notes: string[]
} {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error
    const { kind, field, message } = error
    return { value: { error: { kind, field, message } }, notes: [] }
  }
}

function expectNotes(notes: readonly string[], golden: Golden): void {
  const expected = golden.options.notes ?? []
  if (!Array.isArray(expected)) throw new Error('notes is a list')
  const missing = expected.filter((head) => !notes.some((note) => note.startsWith(head)))
  expect({ notes: notes.length, missing }).toEqual({ notes: expected.length, missing: [] })
}

function inOptions(golden: Golden) {
  return {
    world: stillWorld(),
    model: String(golden.options.model),
    upstream: String(golden.options.upstream),
  }
}

function upEvents(golden: Golden, cuts: readonly number[] = []): StreamEvent[] {
  const frames = framesOf(encoder.encode(golden.input), cuts)
  return run(createResponsesStreamIn(inOptions(golden)), frames)
}

function downText(events: readonly StreamEvent[], golden: Golden): string {
  const out = createResponsesStreamOut({ request: golden.options.request, world: stillWorld() })
  return events.map((event) => out.push(event)).join('') + out.end()
}

function hubEvents(golden: Golden): StreamEvent[] {
  return jsonLines(golden.input) as StreamEvent[]
}

function chatEvents(golden: Golden, cuts: readonly number[] = []): StreamEvent[] {
  const frames = framesOf(encoder.encode(golden.input), cuts)
  return run(createChatStreamIn({ world: stillWorld(), model: 'gpt-alias' }), frames)
}

function eachGolden(kind: string, check: (golden: Golden) => void): void {
  const cases = goldens(kind)
  test(`There are cases of ${kind}`, () => expect(cases.length).toBeGreaterThan(0))
  for (const golden of cases) test(golden.title, () => check(golden))
}

describe('Client request → hub', () => {
  eachGolden('responses-request-in', (golden) => {
    const options = { fastMode: golden.options['fast-mode'] === true }
    const { value, notes } = outcome(() => {
      const turn = responsesRequestIn(JSON.parse(golden.input), options)
      return { value: turn.request, notes: turn.notes }
    })
    const expected = JSON.parse(golden.expected)
    if ('error' in expected) expect(difference(expected, value)).toBeUndefined()
    else expect(value).toEqual(expected)
    expectNotes(notes, golden)
  })
})

describe('Hub → upstream request', () => {
  eachGolden('responses-request-out', (golden) => {
    const request = JSON.parse(golden.input) as MessagesRequest
    const { value, notes } = outcome(() =>
      responsesRequestOut({ request, hints: {}, notes: [] }, OPENAI),
    )
    const expected = JSON.parse(golden.expected)
    if ('error' in expected) expect(difference(expected, value)).toBeUndefined()
    else expect(JSON.parse(JSON.stringify(value))).toEqual(expected)
    expectNotes(notes, golden)
  })
})

describe('Upstream reply → hub', () => {
  eachGolden('responses-reply-in', (golden) => {
    const { value, notes } = outcome(() =>
      responsesReplyIn(JSON.parse(golden.input), inOptions(golden)),
    )
    expect(difference(JSON.parse(golden.expected), value)).toBeUndefined()
    expectNotes(notes, golden)
  })
})

describe('Hub → client reply', () => {
  eachGolden('responses-reply-out', (golden) => {
    const message = JSON.parse(golden.input) as Message
    const options = { request: golden.options.request, world: stillWorld() }
    const response = responsesReplyOut(message, options)
    expect(difference(JSON.parse(golden.expected), response)).toBeUndefined()
  })
})

describe('Upstream stream → hub', () => {
  eachGolden('responses-stream-in', (golden) => {
    const events = upEvents(golden)
    expect(difference(jsonLines(golden.expected), events)).toBeUndefined()
    checkHubStream(events)
  })

  test('However the bytes are cut, the events are the same', () => {
    for (const golden of goldens('responses-stream-in')) {
      const whole = JSON.stringify(upEvents(golden))
      const { length } = encoder.encode(golden.input)
      for (let cut = 1; cut < length; cut += 1) {
        if (JSON.stringify(upEvents(golden, [cut])) !== whole) {
          throw new Error(`${golden.name} differs when cut at ${cut}`)
        }
      }
    }
  })

  test('Wherever the stream breaks off, the rules hold', () => {
    for (const golden of goldens('responses-stream-in')) {
      const bytes = encoder.encode(golden.input)
      for (let length = 0; length < bytes.length; length += 1) {
        const machine = createResponsesStreamIn(inOptions(golden))
        const events = run(machine, framesOf(bytes.subarray(0, length)))
        checkHubStream(events)
        ResponseStreamChecker.check(downText(events, { ...golden, options: { request: REQUEST } }))
      }
    }
  })
})

const REQUEST = { model: 'gpt-alias', input: 'Q', tools: [{ type: 'web_search' }] }

describe('Hub → client stream', () => {
  eachGolden('responses-stream-out', (golden) => {
    const events = ResponseStreamChecker.check(downText(hubEvents(golden), golden))
    expect(difference(jsonLines(golden.expected), events)).toBeUndefined()
  })

  test('Wherever the stream breaks off, it ends as failed', () => {
    for (const golden of goldens('responses-stream-out')) {
      const events = hubEvents(golden)
      for (let length = 0; length < events.length; length += 1) {
        const sent = ResponseStreamChecker.check(downText(events.slice(0, length), golden))
        expect(sent.at(-1)?.type).toBe('response.failed')
      }
    }
  })
})

describe('Responses client on a Chat upstream', () => {
  eachGolden('responses-on-chat-request', (golden) => {
    const turn = responsesRequestIn(JSON.parse(golden.input))
    const { value } = chatRequestOut(turn, NEUTRAL_PROFILE)
    expect(difference(JSON.parse(golden.expected), value.messages)).toBeUndefined()
  })

  eachGolden('responses-on-chat-stream', (golden) => {
    const events = ResponseStreamChecker.check(downText(chatEvents(golden), golden))
    expect(difference(jsonLines(golden.expected), events)).toBeUndefined()
  })

  test('However the bytes are cut, the events are the same', () => {
    for (const golden of goldens('responses-on-chat-stream')) {
      const whole = downText(chatEvents(golden), golden)
      for (let cut = 1; cut < encoder.encode(golden.input).length; cut += 1) {
        expect(downText(chatEvents(golden, [cut]), golden)).toBe(whole)
      }
    }
  })
})
