import { isRecord } from '../../kit/json.ts'
import { failure } from './failure.ts'
import type { PromptCache } from './prompt-cache.ts'
import type { DemoWorld } from './world.ts'

const BODY_LIMIT = 32 * 1024 * 1024

/** One call of the demo upstream, as its endpoints see it. */
export interface DemoCall {
  readonly request: Request
  readonly path: string
  readonly query: URLSearchParams
  readonly requestId: string
  readonly world: DemoWorld
  readonly cache: PromptCache
}

/** The JSON object of the body; 413 over 32 MiB, 400 where it is something else. */
export async function readBody({ request }: DemoCall): Promise<Record<string, unknown>> {
  const bytes = await request.bytes()
  if (bytes.length > BODY_LIMIT) {
    throw failure(413, 'Request exceeds the maximum size of 32 MB')
  }
  let body: unknown
  try {
    body = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw failure(400, 'The request body is not valid JSON', { cause })
  }
  if (!isRecord(body)) throw failure(400, 'The request body is not a JSON object')
  return body
}

/** Refuses any other method than the endpoint's. */
export function needMethod({ request }: DemoCall, method: string): void {
  if (request.method !== method) throw failure(405)
}
