import { pageAsset } from '../page-asset.ts'

/** The page runs and loads only what is its own; `data:` is its empty icon. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
]

/** The page's static files: they hold nothing of this installation and need no client key. */
export const DASHBOARD_SHELL_PATHS: ReadonlySet<string> = new Set([
  '/dashboard',
  '/dashboard/assets/page.css',
  '/dashboard/assets/page.js',
])

/** One of the static files; they are loaded when one is first asked for, so that start-up pays nothing. */
export async function dashboardShell(path: string): Promise<Response> {
  const { dashboardAssets } = await import('./assets.ts')
  return pageAsset(dashboardAssets, path, POLICY)
}
