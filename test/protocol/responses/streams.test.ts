import { expect, test } from 'bun:test'
import { createChatStreamIn } from '../../../src/protocol/chat/stream-in.ts'
import { createResponsesStreamIn } from '../../../src/protocol/responses/stream-in.ts'
import { goldens, runStream, stillWorld } from '../../support/golden.ts'
import { hubEvents, responsesInOptions, responsesText } from '../responses-kinds.ts'
import { ResponseStreamChecker } from './response-stream.ts'

const REQUEST = { model: 'gpt-alias', input: 'Q', tools: [{ type: 'web_search' }] }
const encoder = new TextEncoder()

function casesOf(...kinds: string[]) {
  const cases = kinds.flatMap((kind) => goldens(kind))
  expect(cases.length).toBeGreaterThan(4)
  return cases
}

/** A stream's bytes up to each of its events, and up to the middle of the next one. */
function starts(input: string): Uint8Array[] {
  const found: Uint8Array[] = []
  for (let end = 0; end !== -1; end = input.indexOf('\n\n', end + 1)) {
    found.push(encoder.encode(input.slice(0, end)), encoder.encode(input.slice(0, end + 40)))
  }
  return [...found, encoder.encode(input)]
}

test('A client’s stream that breaks off between any two events ends as failed', () => {
  for (const golden of casesOf('responses.stream-out')) {
    const events = hubEvents(golden.input)
    for (let length = 0; length < events.length; length += 1) {
      const text = responsesText(events.slice(0, length), golden.headers.request)
      expect(ResponseStreamChecker.check(text).at(-1)?.type).toBe('response.failed')
    }
  }
})

test('A Chat upstream cut off behind any event is still a proper response', () => {
  for (const golden of casesOf('responses-on-chat.stream', 'chat.stream-in')) {
    for (const start of starts(golden.input)) {
      const machine = createChatStreamIn({ world: stillWorld(), model: 'm' })
      const events = runStream(machine, [start])
      ResponseStreamChecker.check(responsesText(events, REQUEST))
    }
  }
})

test('A Responses upstream cut off behind any event is still a proper response', () => {
  for (const golden of casesOf('responses.stream-in')) {
    for (const start of starts(golden.input)) {
      const machine = createResponsesStreamIn(responsesInOptions())
      const events = runStream(machine, [start])
      ResponseStreamChecker.check(responsesText(events, REQUEST))
    }
  }
})
