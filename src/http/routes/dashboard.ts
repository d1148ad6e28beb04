import { type Elysia, t } from 'elysia'
import type { App } from '../context.ts'
import { DASHBOARD_SHELL_PATHS, dashboardShell } from '../dashboard/shell.ts'
import { HIDDEN } from '../hidden.ts'
import { incomingOf } from '../incoming.ts'
import { readBody } from '../read-body.ts'
import { content, jsonReply, service } from '../service-detail.ts'
import { addSwitchedOff } from './switched-off.ts'

/** What a key may take, bytes. */
const BODY_BYTES = 16 * 1024
const SignedIn = t.Object({ status: t.Literal('success'), key_required: t.Boolean() })
const loginDetail = {
  ...service('Exchange the client key for a cookie', {
    ...jsonReply('Set-Cookie holds the session; none where no client key is set', SignedIn),
    401: { description: 'The key is wrong' },
    429: { description: 'Too many tries' },
  }),
  requestBody: {
    required: true,
    content: content('application/json', t.Object({ key: t.String() })),
  },
}

const logoutDetail = service('End the session of the cookie', {
  204: { description: 'The cookie is gone' },
})

/** What these routes work with. */
export type DashboardContext = Pick<App, 'dashboard' | 'signIn' | 'bodyLimits'>

/** The dashboard's page, and where it signs in and out (interface.md 1). */
export function addDashboardRoutes(app: Elysia, context: DashboardContext): void {
  if (!context.dashboard) {
    addSwitchedOff(app, '/dashboard', 'record.dashboard')
    return
  }
  for (const path of DASHBOARD_SHELL_PATHS) {
    app.get(path, () => dashboardShell(path), HIDDEN)
  }
  app
    .post('/dashboard/login', ({ request }) => login(context, request), {
      parse: 'none',
      detail: loginDetail,
    })
    .post('/dashboard/logout', ({ request }) => context.signIn.logout(request.headers), {
      parse: 'none',
      detail: logoutDetail,
    })
}

async function login({ signIn, bodyLimits }: DashboardContext, request: Request) {
  const body = await readBody(request, { ...bodyLimits, bytes: BODY_BYTES })
  const { address } = incomingOf(request).admission.client
  return signIn.login(request.headers, body, address)
}
