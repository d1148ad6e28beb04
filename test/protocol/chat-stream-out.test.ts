import { describe, expect, test } from 'bun:test'
import { createChatStreamOut } from '../../src/protocol/chat/stream-out.ts'
import { createMessagesStreamIn } from '../../src/protocol/messages/events.ts'
import { goldens, runStream } from '../support/golden.ts'
import { chatOutOptions } from './chat-kinds.ts'

describe('every golden stream to a Chat client, cut off anywhere', () => {
  for (const golden of goldens('chat.stream-out')) {
    test(`${golden.id} ends in one finish and [DONE], or in one error`, () => {
      const bytes = new TextEncoder().encode(golden.input)
      for (let end = 0; end <= bytes.length; end++) {
        const machine = createChatStreamOut(chatOutOptions(golden))
        const events = runStream(createMessagesStreamIn(), [bytes.subarray(0, end)])
        const text = events.map((event) => machine.push(event)).join('') + machine.end()
        const count = (part: string) => text.split(part).length - 1
        const whole = text.endsWith('data: [DONE]\n\n')
        expect({
          end,
          finishes: count('"finish_reason":"'),
          dones: count('[DONE]'),
          errors: count('data: {"error":'),
        }).toEqual(
          whole
            ? { end, finishes: 1, dones: 1, errors: 0 }
            : { end, finishes: 0, dones: 0, errors: 1 },
        )
      }
    })
  }
})
