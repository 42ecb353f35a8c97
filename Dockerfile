# The image of the gateway: compiled in one stage, run without compiler, sources and root in the next.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No dependency runs code at install; allowScripts in package.json says the same of a plain `npm ci`.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY bin ./bin
COPY src ./src
COPY workers ./workers
COPY otel ./otel
COPY mock ./mock
COPY bench ./bench
COPY dashboard ./dashboard
RUN node bin/build.js && npm prune --omit=dev --ignore-scripts

FROM node:24-trixie-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    LOOM_HOME=/var/lib/loom
RUN groupadd --gid 10001 loom \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/loom --shell /usr/sbin/nologin loom \
 && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/loom
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/dashboard/dist ./dashboard/dist
COPY package.json LICENSE loom.schema.json ./
COPY bin ./bin
COPY migrations ./migrations
USER 10001:10001
# The embedded database and the master keys live here unless DATABASE_URL and LOOM_MASTER_KEYS say otherwise.
VOLUME ["/var/lib/loom"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/loom.js"]
CMD ["start"]
