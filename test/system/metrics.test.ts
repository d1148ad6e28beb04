import { afterAll, beforeAll, describe, expect } from 'bun:test'
import { midStreamError } from '../support/fake-fault.ts'
import { apiError } from '../support/fake-reply.ts'
import { findProgram, needs } from '../support/needs.ts'
import { type Observed, startObserved } from '../support/observed.ts'

const test = needs('promtool')

let observed: Observed
beforeAll(async () => {
  observed = await startObserved()
})
afterAll(() => observed.stop())

async function check(text: string): Promise<{ code: number; said: string }> {
  const child = Bun.spawn([findProgram('promtool') ?? 'promtool', 'check', 'metrics'], {
    stdio: [new Blob([text]), 'pipe', 'pipe'],
  })
  const said = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  return { code: await child.exited, said: said.join('') }
}

describe('promtool check metrics', () => {
  test('finds nothing, neither before the first request nor after all kinds of them', async () => {
    const read = async () => (await fetch(`${observed.proxy.url}/metrics`)).text()
    expect(await check(await read())).toEqual({ code: 0, said: '' })
    observed.fake.reply(
      ...[429, 500].map((status) => apiError(status, 'api_error', 'No')),
      midStreamError('overloaded_error', 'Overloaded'),
    )
    await observed.send()
    await observed.send()
    await observed.send({ stream: true })
    await observed.send()
    await observed.send({ stream: true })
    const text = await read()
    expect(text).toContain('ccproxy_request_duration_seconds_bucket')
    expect(text).toContain('ccproxy_tokens_total')
    expect(await check(text)).toEqual({ code: 0, said: '' })
  })

  test('does find what is wrong', async () => {
    const { code, said } = await check('# TYPE ccproxy_requests counter\nccproxy_requests 1\n')
    expect(code).toBe(3)
    expect(said).toContain('_total')
  })
})
