import { expect, test } from 'bun:test'
import type { RequestMessage } from '../../../src/protocol/messages/schema.ts'
import { responsesRequestIn } from '../../../src/protocol/responses/request-in.ts'

/** Throws where Anthropic would refuse these turns. */
function checkTurns(messages: readonly RequestMessage[]): void {
  let open: unknown[] = []
  for (const [index, { role, content }] of messages.entries()) {
    if (role !== (index % 2 === 0 ? messages[0]?.role : other(messages[0]?.role))) {
      throw new Error(`Turn ${index} is the ${role}'s again`)
    }
    if (typeof content === 'string' || content.length === 0) throw new Error('An empty turn')
    const results = content.filter(({ type }) => type === 'tool_result')
    if (content.slice(0, results.length).some(({ type }) => type !== 'tool_result')) {
      throw new Error('Something stands before a result')
    }
    const answered = results.map((block) => block.tool_use_id)
    if (JSON.stringify(answered) !== JSON.stringify(open)) {
      throw new Error(`Calls ${open} are answered by ${answered}`)
    }
    const calls = content.filter(({ type }) => type === 'tool_use')
    if (content.slice(content.length - calls.length).some(({ type }) => type !== 'tool_use')) {
      throw new Error('Something stands behind a call')
    }
    open = calls.map((block) => block.id)
  }
  if (open.length > 0) throw new Error(`Calls ${open} are never answered`)
}

function other(role: string | undefined): string {
  return role === 'user' ? 'assistant' : 'user'
}

/** A conversation with its items in any order in which an output follows its call. */
function conversation(seed: number): object[] {
  let state = seed * 7919 + 17
  const roll = (sides: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >> 8) % sides
  }
  const items: object[] = []
  const waiting: string[] = []
  for (let place = 0; place < 14; place += 1) {
    const id = `call_${place}`
    switch (roll(6)) {
      case 0:
        items.push({ role: 'user', content: roll(4) === 0 ? '' : `u${place}` })
        break
      case 1:
        items.push({ role: 'assistant', content: `a${place}` })
        break
      case 2:
        items.push({ role: 'developer', content: `d${place}` })
        break
      case 3:
        items.push({ type: 'function_call', call_id: id, name: 'f', arguments: '{}' })
        waiting.push(id)
        break
      default: {
        const [call_id] = waiting.splice(roll(waiting.length || 1), 1)
        if (call_id === undefined) break
        items.push({ type: 'function_call_output', call_id, output: `r${place}` })
      }
    }
  }
  for (const call_id of waiting) items.push({ type: 'function_call_output', call_id, output: 'r' })
  return items
}

test('Whatever the order of the items, the turns are ones that Anthropic takes', () => {
  for (let seed = 0; seed < 500; seed += 1) {
    const input = conversation(seed)
    const { request } = responsesRequestIn({ model: 'm', input })
    checkTurns(request.messages)
    const sent = JSON.stringify(request)
    const texts = JSON.stringify(input).match(/"[uadr]\d+"/g) ?? []
    for (const text of texts) expect(sent).toContain(text.slice(1, -1))
  }
})
