#!/bin/sh
# The pages are opened in a real browser. Debian's chromium is installed where that is possible
# without asking anybody; elsewhere the tests of pages say that it is missing.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "tests: installing chromium by apt-get, to open the pages in"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update && apt-get -qq install --yes --no-install-recommends chromium >/dev/null && exit 0
fi
echo "tests: no chromium, so the pages are not opened; install it (Debian: apt-get install chromium)" >&2
