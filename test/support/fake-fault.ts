import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import {
  chunk,
  frame,
  head,
  messageEvents,
  type Reply,
  streamHead,
  UPSTREAM_HEADERS,
} from './fake-reply.ts'
import { sleep } from './wait.ts'

/** Where a misbehaving upstream ends a stream. */
export type CutPoint = 'after-frame' | 'mid-frame' | 'mid-chunk'

/** A stream that sends some text, then ends with Anthropic's in-stream error. */
export function midStreamError(type: string, detail: string, before = 'Half an ans'): Reply {
  return async (exchange, context) => {
    await exchange.request.complete
    await exchange.write(streamHead())
    for (const event of messageEvents([{ text: before }], {}, context).slice(0, -3)) {
      await exchange.write(chunk(frame(event)))
    }
    const error = { type: 'error', error: { type, message: detail } }
    await exchange.write(`${chunk(frame(error)).toString()}0\r\n\r\n`)
    exchange.finish()
  }
}

/** A stream that stops in the middle: `cut` closes the socket, `reset` sends RST. */
export function cutStream(point: CutPoint, how: 'cut' | 'reset' = 'cut'): Reply {
  return async (exchange, context) => {
    await exchange.request.complete
    await exchange.write(streamHead())
    for (const event of messageEvents([{ text: 'Half an ans' }], {}, context).slice(0, -3)) {
      await exchange.write(chunk(frame(event)))
    }
    const next = frame({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: 'NEVER' },
    })
    if (point === 'mid-frame') await exchange.write(chunk(next.slice(0, 70)))
    if (point === 'mid-chunk') await exchange.write(chunk(next).subarray(0, 60))
    await sleep(50)
    exchange.finish()
    if (how === 'reset') exchange.socket.resetAndDestroy()
    else exchange.socket.destroy()
  }
}

/** Closes or resets the connection before any byte of the reply, after `wait` ms. */
export function breakBeforeHead(how: 'cut' | 'reset', wait = 0): Reply {
  return async (exchange) => {
    await exchange.request.complete
    if (wait > 0) await sleep(wait)
    exchange.finish()
    if (how === 'reset') exchange.socket.resetAndDestroy()
    else exchange.socket.destroy()
  }
}

/** Sends a head of the announced type and nothing more, then breaks. */
export function breakAfterHead(how: 'cut' | 'reset', type = 'application/json'): Reply {
  return async (exchange) => {
    await exchange.request.complete
    const length = { 'content-length': '500', 'content-type': type }
    await exchange.write(head(200, { ...length, ...UPSTREAM_HEADERS }))
    await sleep(50)
    exchange.finish()
    if (how === 'reset') exchange.socket.resetAndDestroy()
    else exchange.socket.destroy()
  }
}

/** Never answers; ends only when the client leaves. */
export function silence(): Reply {
  return async (exchange) => {
    await exchange.request.left
  }
}

/** Opens a stream, sends its first events and says nothing more until the client leaves. */
export function silenceAfterFirst(): Reply {
  return async (exchange, context) => {
    await exchange.request.complete
    await exchange.write(streamHead())
    for (const event of messageEvents([{ text: 'Hello' }], {}, context).slice(0, 4)) {
      await exchange.write(chunk(frame(event)))
    }
    await exchange.request.left
  }
}

/** Sends the head and half of a JSON body, then says nothing more until the client leaves. */
export function silenceInsideJson(): Reply {
  return async (exchange) => {
    await exchange.request.complete
    const headers = { 'content-type': 'application/json', 'content-length': '5000' }
    await exchange.write(`${head(200, { ...headers, ...UPSTREAM_HEADERS })}{"id":"msg_1",`)
    await exchange.request.left
  }
}

/** A coding that a reply may be sent in, as the header names it. */
export type Coding = 'gzip' | 'br' | 'zstd' | 'deflate' | 'gzip, br'

/** Compresses in the order in which the header lists the codings. */
export function encode(bytes: Uint8Array | string, coding: Coding): Uint8Array {
  const data = Buffer.from(bytes)
  switch (coding) {
    case 'gzip':
      return gzipSync(data)
    case 'br':
      return brotliCompressSync(data)
    case 'zstd':
      return Bun.zstdCompressSync(data)
    case 'deflate':
      return deflateSync(data)
    case 'gzip, br':
      return brotliCompressSync(gzipSync(data))
  }
}

/** A compressed reply; `announced: false` leaves the content-encoding out. */
export function compressed(
  coding: Coding,
  body: string,
  options: { status?: number; type?: string; announced?: boolean } = {},
): Reply {
  return async (exchange) => {
    await exchange.request.complete
    const bytes = encode(body, coding)
    const headers = {
      'content-type': options.type ?? 'application/json',
      'content-length': String(bytes.length),
      ...(options.announced === false ? {} : { 'content-encoding': coding }),
      ...UPSTREAM_HEADERS,
    }
    const start = Buffer.from(head(options.status ?? 200, headers))
    await exchange.write(Buffer.concat([start, bytes]))
    exchange.finish()
  }
}

/** An HTML page where JSON was due, as a CDN's challenge or a bad gateway sends. */
export function html(status: number): Reply {
  return async (exchange) => {
    await exchange.request.complete
    const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>'
    const headers = {
      'content-type': 'text/html; charset=UTF-8',
      'content-length': `${page.length}`,
    }
    await exchange.write(`${head(status, headers)}${page}`)
    exchange.finish()
  }
}

/** A redirect, which an API must not answer a POST with. */
export function redirect(status: number, location: string): Reply {
  return async (exchange) => {
    await exchange.request.complete
    await exchange.write(head(status, { location, 'content-length': '0' }))
    exchange.finish()
  }
}

/** 103 Early Hints before another reply. */
export function earlyHints(then: Reply): Reply {
  return async (exchange, context) => {
    await exchange.request.complete
    await exchange.write('HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n')
    await sleep(20)
    await then(exchange, context)
  }
}

/** Writes pieces of a body as they are, each in its own chunk and write. */
export function pieces(
  parts: readonly (string | Uint8Array)[],
  options: { type?: string; pace?: number; headers?: Record<string, string> } = {},
): Reply {
  return async (exchange) => {
    await exchange.request.complete
    await exchange.write(
      head(200, {
        'content-type': options.type ?? 'text/event-stream; charset=utf-8',
        'transfer-encoding': 'chunked',
        ...UPSTREAM_HEADERS,
        ...options.headers,
      }),
    )
    for (const part of parts) {
      if (!(await exchange.write(chunk(part)))) return
      if (options.pace !== undefined) await sleep(options.pace)
    }
    await exchange.write('0\r\n\r\n')
    exchange.finish()
  }
}
