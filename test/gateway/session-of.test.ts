import { expect, test } from 'bun:test'
import { sessionOf } from '../../src/gateway/session-of.ts'

function sessionIn(userId: string): string | undefined {
  const text = JSON.stringify({ user_id: userId })
  const body = new TextEncoder().encode(text)
  const exchange = {
    headers: new Headers(),
    body,
    session: undefined,
  }
  return sessionOf(exchange, { start: 0, end: body.length })
}

test('The session of Claude Code’s user id is what stands at its end', () => {
  const session = '3f2a9c1e-0000-4000-8000-000000000001'
  expect(sessionIn(`user_abc_account__session_${session}`)).toBe(session)
  expect(sessionIn(JSON.stringify({ session_id: session }))).toBe(session)
  for (const none of ['user_abc', '_session_', '_session_a b', `_session_${'a'.repeat(129)}`]) {
    expect(sessionIn(none)).toBeUndefined()
  }
})

test('A user id that is made to be searched for long takes no time', () => {
  const start = performance.now()
  expect(sessionIn(`${'_session_'.repeat(20_000)}!`)).toBeUndefined()
  expect(performance.now() - start).toBeLessThan(300)
})
