module contend/peers

go 1.19
