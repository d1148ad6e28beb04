import { Connection, type Reply } from './client.ts'
import { type EventStream, requestWire, STREAM_HEAD } from './payload.ts'
import { type CpuReading, cpuBetween, readCpu } from './process-tree.ts'
import type { Running, Subject } from './subjects.ts'
import type { Expected } from './template.ts'
import type { Behaviour, FakeUpstream } from './upstream.ts'

/** Everything a figure needs to put load on one running subject. */
export interface Bench {
  subject: Subject
  running: Running
  upstream: FakeUpstream
  /** True for the short run. */
  quick: boolean
  /** Notes a reply that was not the right one; the run then ends with an error. */
  invalid(problem: string): void
}

/** Checks a reply to the byte, and notes what is wrong with it. */
export function checkReply(bench: Bench, reply: Reply): boolean {
  if (reply.status === 200 && reply.complete && reply.mismatch < 0) return true
  const what = !reply.complete
    ? `was cut after ${reply.length} bytes`
    : `has wrong bytes from offset ${reply.mismatch} (${reply.length} in all)`
  bench.invalid(`${bench.subject.name}: a reply with status ${reply.status} ${what}`)
  return false
}

/** Opens connections, hands them over, and closes them whatever happens. */
export async function withConnections<T>(
  bench: Bench,
  count: number,
  use: (connections: Connection[]) => Promise<T>,
): Promise<T> {
  const connections: Connection[] = []
  try {
    for (let i = 0; i < count; i++) connections.push(await Connection.open(bench.running.port))
    return await use(connections)
  } finally {
    for (const connection of connections) connection.leave()
  }
}

/** The request in the client's protocol, framed; the upstream will insist on the same body. */
export function prepareRequest(bench: Bench, stream: boolean, bytes = 0): Buffer {
  const { subject, running, upstream } = bench
  const body = subject.client.request(stream, bytes)
  if (subject.client === subject.upstream) upstream.expect(body)
  else upstream.expectSame(body)
  return requestWire(running.port, subject.client.path, body)
}

/** Runs `work` and tells the subject's CPU milliseconds meanwhile; undefined without a process. */
export async function cpuWhile(
  running: Running,
  work: () => Promise<void>,
): Promise<number | undefined> {
  const before: CpuReading | undefined = running.pid ? readCpu(running.pid) : undefined
  await work()
  return before && running.pid ? cpuBetween(before, readCpu(running.pid)) : undefined
}

/** Sends the same request on each connection, one after another, until `until` says stop. */
export async function closedLoop(
  bench: Bench,
  connections: Connection[],
  wire: Buffer,
  expected: Expected,
  more: () => boolean,
): Promise<Reply[]> {
  const replies: Reply[] = []
  await Promise.all(
    connections.map(async (connection) => {
      while (more()) {
        const reply = await connection.request(wire, expected)
        if (!checkReply(bench, reply)) return
        replies.push(reply)
      }
    }),
  )
  return replies
}

/** A condition that holds `count` times. */
export function times(count: number): () => boolean {
  let left = count
  return () => left-- > 0
}

/** A condition that holds for `milliseconds`. */
export function forMilliseconds(milliseconds: number): () => boolean {
  const end = performance.now() + milliseconds
  return () => performance.now() < end
}

const BURST_WRITE = 65_536

/** Streams all events as fast as the subject takes them. */
export function burstBehaviour(stream: EventStream): Behaviour {
  return (exchange) => {
    let at = 0
    const go = () => {
      while (at < stream.wire.length) {
        const piece = stream.wire.subarray(at, at + BURST_WRITE)
        at += piece.length
        if (!exchange.write(piece)) return
      }
      exchange.onDrain = undefined
    }
    exchange.write(STREAM_HEAD)
    exchange.onDrain = go
    go()
  }
}

/** Writes the head and all events of a short stream at once. */
export function wholeStreamBehaviour(stream: EventStream): Behaviour {
  const wire = Buffer.concat([STREAM_HEAD, stream.wire])
  return (exchange) => {
    exchange.write(wire)
  }
}

/** Writes `opening`, one chunk `count` times, then `closing`: a long stream that costs no memory here. */
export function repeatedBehaviour(
  opening: Buffer,
  chunk: Buffer,
  count: number,
  closing: Buffer,
): Behaviour {
  return (exchange) => {
    let left = count
    const go = () => {
      while (left > 0) {
        left--
        if (!exchange.write(chunk)) return
      }
      exchange.onDrain = undefined
      exchange.write(closing)
    }
    exchange.write(Buffer.concat([STREAM_HEAD, opening]))
    exchange.onDrain = go
    go()
  }
}

/** The value at a share of the sorted values: 0.5 is the median. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
