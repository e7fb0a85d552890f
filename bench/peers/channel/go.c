#include "channel/channel.h"

#include "peers/go_child.h"

extern const struct contestant channel_go_chan;
const struct contestant channel_go_chan = {
        .name = "go:chan",
        .source = GO_SOURCE "chan and select",
        .caps = GO_CAPS,
        .outside = {[CHANNEL_STREAM] = go_child_window,
                    [CHANNEL_BLOCKED] = go_child_window,
                    [CHANNEL_PINGPONG] = go_child_window,
                    [CHANNEL_SELECT] = go_child_window,
                    [CHANNEL_CLOSE_WAKE] = go_child_window,
                    [CHANNEL_OPEN_LOOP] = go_child_window},
};
