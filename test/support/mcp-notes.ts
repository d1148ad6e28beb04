import { createInterface } from 'node:readline'
import { asJson } from './fake-reply.ts'

/** An MCP server on stdin and stdout with one tool, `note`, which tells the variable NOTE; to be run as a program. */
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = asJson(JSON.parse(line))
  const result = resultOf(method, asJson(params).protocolVersion)
  if (id !== undefined) process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`)
}

function resultOf(method: unknown, protocolVersion: unknown): object {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'n', version: '1' },
      }
    case 'tools/list':
      return { tools: [{ name: 'note', inputSchema: { type: 'object' } }] }
    case 'tools/call':
      return { content: [{ type: 'text', text: `Noted: ${process.env.NOTE}` }] }
    default:
      return {}
  }
}
