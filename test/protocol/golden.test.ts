import { describe, expect, test } from 'bun:test'
import { ProxyError } from '../../src/kit/error.ts'
import { createChatStreamIn } from '../../src/protocol/chat/stream-in.ts'
import type { StreamIn } from '../../src/protocol/protocol.ts'
import { createResponsesStreamIn } from '../../src/protocol/responses/stream-in.ts'
import {
  breaches,
  eventLines,
  type Golden,
  goldenKinds,
  goldens,
  type Outcome,
  runStream,
} from '../support/golden.ts'
import { chatInOptions, chatKinds } from './chat-kinds.ts'
import { responsesInOptions, responsesKinds } from './responses-kinds.ts'

const KINDS: Readonly<Record<string, (golden: Golden) => Outcome>> = {
  ...chatKinds,
  ...responsesKinds,
}

/** The machines that read an upstream's stream into the hub, by the kind of their cases. */
const STREAMS: Readonly<Record<string, (golden: Golden) => StreamIn>> = {
  'chat.stream-in': (golden) => createChatStreamIn(chatInOptions(golden)),
  'responses.stream-in': () => createResponsesStreamIn(responsesInOptions()),
}

const CASES = [...goldens('chat.'), ...goldens('responses')]

test('every golden file is of a kind that some runner knows', () => {
  const stray = goldenKinds().filter(({ kind }) => !(kind in KINDS))
  expect(stray).toEqual([])
  expect(CASES.length).toBeGreaterThan(100)
})

describe('golden', () => {
  for (const golden of CASES) {
    test(golden.title, () => {
      const run = KINDS[golden.kind]
      if (run === undefined) throw new Error(`kind "${golden.kind}" is unknown`)
      const expected = golden.expected.trim()
      if (expected.startsWith('throws ')) {
        expect(thrown(() => run(golden))).toBe(expected.slice('throws '.length))
        return
      }
      const { value, notes } = run(golden)
      if (typeof value === 'string') expect(value.split('\n')).toEqual(expected.split('\n'))
      else expect(value).toEqual(JSON.parse(expected))
      if (golden.notes !== undefined) expect([...notes]).toEqual(golden.notes)
    })
  }
})

/** `status field: message` of the ProxyError that a case must end with. */
function thrown(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error
    return `${error.status} ${error.field ?? '-'}: ${error.message}`
  }
  return 'nothing was thrown'
}

describe('every golden stream, however its bytes come', () => {
  for (const golden of CASES) {
    const create = STREAMS[golden.kind]
    if (create === undefined) continue
    const bytes = new TextEncoder().encode(golden.input)
    const whole = eventLines(runStream(create(golden), [bytes]))

    test(`${golden.id} is the same in two chunks, cut at every byte`, () => {
      for (let cut = 1; cut < bytes.length; cut++) {
        const events = runStream(create(golden), [bytes.subarray(0, cut), bytes.subarray(cut)])
        expect(eventLines(events)).toBe(whole)
      }
    })

    test(`${golden.id} is the same byte by byte`, () => {
      const single = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))
      expect(eventLines(runStream(create(golden), single))).toBe(whole)
    })

    test(`${golden.id} keeps 3.K, cut off anywhere`, () => {
      for (let end = 0; end <= bytes.length; end++) {
        const events = runStream(create(golden), [bytes.subarray(0, end)])
        expect({ end, breaches: breaches(events) }).toEqual({ end, breaches: [] })
      }
    })
  }
})
