//! What the plugins of Nagios print, read: a verdict, a reason, performance data.
