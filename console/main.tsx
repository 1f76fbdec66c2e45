// The page's entry: theme, language, queries and routes around everything.
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { App, ConfigProvider, theme } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { nonce } from './nonce.ts'
import { usePreferences } from './preferences.ts'
import { queryClient } from './queries.ts'
import { router } from './routes.tsx'

// Secondary text is darker than Ant Design's own: 4.5 to 1 against what is behind it, placeholders included.
const lightToken = {
  colorPrimary: '#1554d1',
  colorTextTertiary: 'rgba(0,0,0,0.65)',
  colorTextDescription: 'rgba(0,0,0,0.65)',
  colorTextPlaceholder: 'rgba(0,0,0,0.6)',
}
const darkToken = {
  colorPrimary: '#3d7bff',
  colorTextTertiary: 'rgba(255,255,255,0.65)',
  colorTextDescription: 'rgba(255,255,255,0.65)',
  colorTextPlaceholder: 'rgba(255,255,255,0.6)',
}

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
        token: { ...(chosen === 'dark' ? darkToken : lightToken), borderRadius: 4, motion: false },
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
