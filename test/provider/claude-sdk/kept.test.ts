import { expect, test } from 'bun:test'
import type { HistoryMessage } from '../../../src/provider/claude-sdk/history.ts'
import { KeptConversations } from '../../../src/provider/claude-sdk/kept.ts'

function said(text: string): HistoryMessage {
  return { role: 'user', content: [{ type: 'text', text }] }
}

test('large conversations make the longest unused ones go, however few they are', () => {
  const kept = new KeptConversations(1000)
  const next = said('And then?')
  const large = (name: string) => [said(name + 'x'.repeat(300))]
  for (const id of ['one', 'two', 'one', 'three', 'four']) kept.keep(id, large(id))
  expect(kept.before('two', next)).toEqual([])
  for (const id of ['three', 'four']) expect(kept.before(id, next)).toEqual(large(id))
  kept.keep('four', [said('x'.repeat(2000))])
  for (const id of ['one', 'three', 'four']) expect(kept.before(id, next)).toEqual([])
  kept.keep('five', large('five'))
  expect(kept.before('five', next)).toEqual(large('five'))
})
