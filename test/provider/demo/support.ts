import { createDemoUpstream } from '../../../src/provider/demo/demo.ts'
import type { DemoWorld } from '../../../src/provider/demo/world.ts'

/** A world whose ids count up and whose sleeps end at once, remembering how long they were. */
export function stillWorld(): DemoWorld & { readonly slept: number[] } {
  let count = 0
  const slept: number[] = []
  return {
    slept,
    id: () => `id${String(++count).padStart(22, '0')}`,
    now: () => 1_800_000_000,
    async sleep(ms, signal) {
      signal.throwIfAborted()
      slept.push(ms)
    },
  }
}

/** Posts a JSON body to a fresh demo upstream, as a client of the Messages API. */
export async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  world: DemoWorld = stillWorld(),
): Promise<Response> {
  return createDemoUpstream(world).fetch(
    new Request(`http://demo.local${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'anthropic-version': '2023-06-01',
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  )
}

/** The JSON of a reply, untyped: what is in it is what a test is to find out. */
export async function jsonOf(response: Response) {
  return JSON.parse(await response.text())
}
