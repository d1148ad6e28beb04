import { DASHBOARD_SHELL_PATHS, dashboardShell } from '../../src/http/dashboard/shell.ts'

/** A program that prints the dashboard's files by path. */
const files: Record<string, string> = {}
for (const path of DASHBOARD_SHELL_PATHS) files[path] = await (await dashboardShell(path)).text()
console.log(JSON.stringify(files))
