// The page's entry: theme, language, queries and routes around everything.
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { App, ConfigProvider, theme } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { usePreferences } from './preferences.ts'
import { queryClient } from './queries.ts'
import { router } from './routes.tsx'

/** Of this answer alone: styles that are added at run time carry it. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''

function Console() {
  const { language, theme: chosen } = usePreferences()
  return (
    <ConfigProvider
      // Another language draws everything anew: no text of the old one stays behind.
      key={language}
      locale={language === 'zh' ? zhCN : enUS}
      csp={{ nonce }}
      theme={{
        algorithm: chosen === 'dark' ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: { colorPrimary: chosen === 'dark' ? '#3d7bff' : '#1554d1', borderRadius: 4, motion: false },
        components: { Layout: { headerHeight: 48, headerPadding: '0 16px' } },
      }}
      button={{ autoInsertSpace: false }}
    >
      <App className="app">
        <RouterProvider router={router} />
      </App>
    </ConfigProvider>
  )
}

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <Console />
      </QueryClientProvider>
    </StrictMode>,
  )
}
