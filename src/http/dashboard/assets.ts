import type { PageAsset } from '../page-asset.ts'
import { pageTexts } from './bundle.ts' with { type: 'macro' }

const { html, style, script } = pageTexts()

/** The static files of the page by path. */
export const dashboardAssets: ReadonlyMap<string, PageAsset> = new Map([
  ['/dashboard', { type: 'text/html; charset=utf-8', body: html }],
  ['/dashboard/assets/page.css', { type: 'text/css; charset=utf-8', body: style }],
  ['/dashboard/assets/page.js', { type: 'text/javascript; charset=utf-8', body: script }],
])
