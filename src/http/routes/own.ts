import type { Elysia } from 'elysia'
import type { App } from '../context.ts'
import { addDashboardRoutes } from './dashboard.ts'
import { addLogRoutes } from './logs.ts'
import { addMetricsRoute } from './metrics.ts'
import { addPermissionRoutes } from './permissions.ts'

/** What people and their tools ask of ccproxy itself, and no client of a model. */
export function addOwnRoutes(app: Elysia, context: App): void {
  addMetricsRoute(app, context)
  addLogRoutes(app, context)
  addDashboardRoutes(app, context)
  addPermissionRoutes(app, context)
}
