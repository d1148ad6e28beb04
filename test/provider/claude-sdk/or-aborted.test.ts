import { expect, test } from 'bun:test'
import { Inbox } from '../../../src/provider/claude-sdk/inbox.ts'
import { orAborted } from '../../../src/provider/claude-sdk/or-aborted.ts'

const never = new Promise<string>(() => undefined)
const reason = new Error('left')

test('the value, or the error, of what comes in time', async () => {
  const { signal } = new AbortController()
  expect(await orAborted(Promise.resolve('value'), signal)).toBe('value')
  expect(orAborted(Promise.reject(reason), signal)).rejects.toBe(reason)
})

test('the reason of a signal that is aborted meanwhile, or was before', async () => {
  const leaving = new AbortController()
  const waiting = orAborted(never, leaving.signal)
  leaving.abort(reason)
  expect(waiting).rejects.toBe(reason)
  expect(orAborted(never, leaving.signal)).rejects.toBe(reason)
})

test('a queue gives what was put in before and after it is asked, in order, and ends', async () => {
  const inbox = new Inbox<number>()
  inbox.push(1)
  const read: number[] = []
  const reading = (async () => {
    for await (const item of inbox) read.push(item)
  })()
  await Bun.sleep(1)
  inbox.push(2)
  inbox.push(3)
  await Bun.sleep(1)
  inbox.push(4)
  inbox.close()
  await reading
  expect(read).toEqual([1, 2, 3, 4])
})
