import type { DemoCall } from './call.ts'
import { type BeatWriter, playStream, waitOut } from './play.ts'
import type { Script } from './script.ts'

/** How one wire renders a script. */
export interface Rendering {
  json(): Record<string, unknown>
  readonly write: BeatWriter
}

/** Sends a script as a whole or as a stream, after the delay that it asks for. */
export async function reply(
  call: DemoCall,
  script: Script,
  stream: boolean,
  rendering: Rendering,
): Promise<Response> {
  const { world, request } = call
  if (script.startDelay > 0) await world.sleep(script.startDelay, request.signal)
  request.signal.throwIfAborted()
  if (!stream) {
    await waitOut(script, world, request.signal)
    return Response.json(rendering.json())
  }
  const body = playStream(script, rendering.write, world, request.signal)
  const headers = {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  }
  return new Response(body, { headers })
}
