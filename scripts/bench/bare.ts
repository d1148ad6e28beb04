/** The reference for what Bun itself costs: a server that hands each request to fetch and its body back, untouched. */
const [port, upstream] = process.argv.slice(2)

Bun.serve({
  port: Number(port),
  hostname: '127.0.0.1',
  idleTimeout: 0,
  async fetch(request) {
    const { pathname } = new URL(request.url)
    if (pathname === '/health') return new Response('ok')
    const reply = await fetch(`${upstream}${pathname}`, {
      method: request.method,
      headers: { 'content-type': request.headers.get('content-type') ?? 'application/json' },
      body: await request.arrayBuffer(),
      signal: request.signal,
    })
    const type = reply.headers.get('content-type') ?? 'application/octet-stream'
    return new Response(reply.body, { status: reply.status, headers: { 'content-type': type } })
  },
})
