import type { ByteMachine } from '../kit/machine.ts'

/** A machine whose output is kept as well, its first `bytes`; used only where bodies are to be kept. */
export function keepReply(machine: ByteMachine, parts: Uint8Array[], bytes: number): ByteMachine {
  let room = bytes
  const keep = (out: Uint8Array | undefined) => {
    if (out === undefined || out.length === 0 || room === 0) return out
    // A copy: what goes down may stand in a buffer that is used again.
    const part = out.slice(0, room)
    room -= part.length
    parts.push(part)
    return out
  }
  return {
    cuts: machine.cuts,
    push: (chunk) => keep(machine.push(chunk)),
    end: () => keep(machine.end()),
    fail: (error) => keep(machine.fail(error)),
    ping: () => machine.ping(),
  }
}
