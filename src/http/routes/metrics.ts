import type { Elysia } from 'elysia'
import type { App } from '../context.ts'
import { service } from '../service-detail.ts'
import { addSwitchedOff } from './switched-off.ts'

const detail = service('Metrics for Prometheus', {
  200: {
    description: 'In the Prometheus text format; every name begins with ccproxy_',
    content: { 'text/plain': { schema: { type: 'string' as const } } },
  },
})

/** What this route works with. */
export type MetricsContext = Pick<App, 'records'>

/** Where Prometheus reads; asks for the client key unless security.public_metrics is set. */
export function addMetricsRoute(app: Elysia, { records }: MetricsContext): void {
  const { metrics } = records
  if (metrics === undefined) {
    addSwitchedOff(app, '/metrics', 'record.metrics')
    return
  }
  const read = async () => {
    const { text, contentType } = await metrics.read()
    return new Response(text, {
      headers: { 'content-type': contentType, 'cache-control': 'no-store' },
    })
  }
  app.get('/metrics', read, { detail })
}
