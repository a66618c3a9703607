#!/bin/bash
# Captures the running demo in tmux at three sizes as text: screenshots/capture.sh [BINARY]
# The pictures beside the captures are made by `tillwatch screenshots screenshots`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bin=${1:-../target/release/tillwatch}
for size in 80x24 120x40 200x60; do
  tmux -L tillwatch-capture -f /dev/null new-session -d -x "${size%x*}" -y "${size#*x}" -s "$size" \
    "$bin demo checkout-outage --seed 7 --speed 60"
  for _ in $(seq 1 120); do
    tmux -L tillwatch-capture capture-pane -p -t "$size" | grep -q 'theme-2026' && break
    sleep 0.5
  done
  sleep 2
  tmux -L tillwatch-capture capture-pane -p -t "$size" >"tmux-$size.txt"
  tmux -L tillwatch-capture send-keys -t "$size" q
done
