openssl ecparam -name prime256v1 -genkey -noout -out batch.pem
openssl ec -in batch.pem -pubout -out batch.pub.pem
