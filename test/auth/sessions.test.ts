import { describe, expect, test } from 'bun:test'
import { clientKeys } from '../../src/auth/client-key.ts'
import { Sessions } from '../../src/auth/sessions.ts'
import { Secret } from '../../src/kit/secret.ts'

const NOW = Date.UTC(2026, 10, 21)
const DAY = 86_400_000

function sessions(): Sessions {
  const expires = new Date(NOW + DAY).toISOString()
  return new Sessions(
    clientKeys([new Secret('main')], [{ name: 'ada', token: new Secret('named'), expires }]),
  )
}

function opened(own: Sessions, key: string, now = NOW): string {
  const token = own.open(key, now)
  if (token === undefined) throw new Error(`Key "${key}" opened no session`)
  return token
}

describe('a session', () => {
  test('is opened by a key, bears its name, and is closed', () => {
    const own = sessions()
    expect(own.open('wrong', NOW)).toBeUndefined()
    expect(own.open('', NOW)).toBeUndefined()
    const token = opened(own, 'named')
    expect(own.find(token, NOW)).toEqual({ name: 'ada' })
    expect(own.find(opened(own, 'main'), NOW)).toEqual({ name: undefined })
    own.close(token)
    expect(own.find(token, NOW)).toBeUndefined()
    expect(JSON.stringify(own)).not.toContain(token)
  })

  test('ends with its key, and a week after its last use', () => {
    const own = sessions()
    const [named, main] = [opened(own, 'named'), opened(own, 'main')]
    expect(own.find(named, NOW + DAY - 1)).toEqual({ name: 'ada' })
    expect(own.find(named, NOW + DAY)).toBeUndefined()
    expect(own.open('named', NOW + DAY)).toBeUndefined()
    expect(own.find(main, NOW + 7 * DAY)).toBeDefined()
    expect(own.find(main, NOW + 14 * DAY)).toBeDefined()
    expect(own.find(main, NOW + 21 * DAY + 1)).toBeUndefined()
  })

  test('that nobody ever used ends a week after it was opened', () => {
    const own = sessions()
    const [used, unused] = [opened(own, 'main'), opened(own, 'main')]
    expect(own.find(used, NOW + 7 * DAY)).toBeDefined()
    expect(own.find(unused, NOW + 7 * DAY + 1)).toBeUndefined()
  })

  test('is one of a hundred at most; the longest unused goes', () => {
    const own = sessions()
    const first = opened(own, 'main')
    const second = opened(own, 'main')
    for (let at = 0; at < 98; at += 1) own.open('main', NOW)
    expect(own.find(first, NOW)).toBeDefined()
    own.open('main', NOW)
    expect(own.find(second, NOW)).toBeUndefined()
    expect(own.find(first, NOW)).toBeDefined()
  })

  test('is not needed where there is no key', () => {
    expect(sessions().needed).toBe(true)
    expect(new Sessions([]).needed).toBe(false)
    expect(new Sessions([]).open('', NOW)).toBeUndefined()
  })
})
